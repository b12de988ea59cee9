"""The events of the news app. docs/events.md lists them, and says what an event can declare."""

from core.events import Event


class FollowingNotify(
    Event,
    name="following notify",
    category="people",
    text={"en": "{user_name} follows you now", "zh": "{user_name} 关注了你"},
    group="following",
    group_text={
        "en": {
            "one": "{user_name} and {others} other follow you now",
            "other": "{user_name} and {others} others follow you now",
        },
        "zh": "{user_name} 等 {count} 人关注了你",
    },
    push_after=60,
):
    """Somebody started to follow the recipient."""


class LikingNotify(
    Event,
    name="liking notify",
    category="articles",
    text={"en": "{user_name} likes {art_title}", "zh": "{user_name} 赞了《{art_title}》"},
    link="/#article-{art_id}",
    group="liking:{art_id}",
    group_text={
        "en": {
            "one": "{user_name} and {others} other like {art_title}",
            "other": "{user_name} and {others} others like {art_title}",
        },
        "zh": "{user_name} 等 {count} 人赞了《{art_title}》",
    },
    urgency="low",
    push_after=300,
):
    """Somebody liked an article of the recipient."""

    art_id: int
    art_title: str


class CommentNotify(
    Event,
    name="comment notify",
    category="articles",
    text={"en": "{user_name} commented on {art_title}", "zh": "{user_name} 评论了《{art_title}》"},
    link="/#article-{art_id}",
    group="comment:{art_id}",
    group_text={
        "en": {
            "one": "{user_name} and {others} other commented on {art_title}",
            "other": "{user_name} and {others} others commented on {art_title}",
        },
        "zh": "{user_name} 等 {count} 人评论了《{art_title}》",
    },
    push_after=60,
):
    """Somebody commented on an article of the recipient."""

    art_id: int
    art_title: str
