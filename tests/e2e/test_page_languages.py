"""The page in Chinese, by the browser's language and by the switch."""

from playwright.sync_api import Browser, expect

from tests.clients import PASSWORD
from tests.e2e.pages import Person, look_away
from tests.system import System


def test_chinese_reader_gets_everything_in_chinese(browser: Browser, pages: System) -> None:
    page = browser.new_context(locale="zh-CN").new_page()
    page.goto(pages.api.url)
    page.get_by_label("用户名").fill("nobody at all")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert").filter(has_text="用户名或密码不正确")).to_be_visible()
    name = f"读者 {id(page)}"
    page.get_by_label("用户名").fill(name)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="注册").click()
    expect(page.locator("#state")).to_have_text("实时")

    look_away(page)
    fan = pages.user("小明")
    token = pages.api.post("/v1_0/authorizations", {"user_name": name, "password": PASSWORD})[1]["token"]
    me = pages.api.call("GET", "/v1_0/user", token=token)[1]["id"]
    assert pages.api.call("POST", "/v1_0/user/followings", {"target": me}, token=fan.token)[0] == 201

    row = page.locator("#inbox-card article")
    expect(row).to_contain_text(f"{fan.name} 关注了你")
    expect(page.locator(".toast")).to_contain_text("关注了你")
    expect(page.get_by_role("heading", name="今天")).to_be_visible()
    expect(page.locator("#inbox-card .count")).to_have_text("1 条未读")
    page.reload()
    expect(row).to_contain_text("关注了你")
    assert page.evaluate("() => document.documentElement.lang") == "zh"


def test_switch_changes_the_language_for_good(browser: Browser, pages: System) -> None:
    bob = Person(browser, pages)
    bob.is_followed_by(1)

    bob.page.get_by_label("Language").select_option("zh")

    expect(bob.page.locator("#inbox-card article")).to_contain_text("关注了你")
    bob.page.reload()
    expect(bob.page.get_by_role("button", name="退出")).to_be_visible()
    bob.page.get_by_label("语言").select_option("en")
    expect(bob.page.get_by_role("button", name="Log out")).to_be_visible()
