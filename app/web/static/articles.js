/** The newest articles: publish, like, comment. */

import { byId, button, element, unseen, written } from "./elements.js";
import { onSubmit } from "./forms.js";
import { word } from "./words.js";

const MOST = 10;

export class Articles {
  #api;
  #report;
  #rows = new Map(); // by id
  #readings = 0;

  constructor(api, report) {
    this.#api = api;
    this.#report = report;
    const form = byId("publish");
    onSubmit(form, api, async ({ title }) => {
      await api.call("POST", "/articles", { title });
      form.reset();
      await this.show();
    });
  }

  clear() {
    this.#readings += 1;
    byId("publish").reset();
    this.#draw([]);
  }

  /** Show the newest articles. */
  async show() {
    const reading = ++this.#readings;
    try {
      const { results } = await this.#api.call("GET", `/articles?per_page=${MOST}`);
      if (reading === this.#readings) this.#draw(results);
    } catch (error) {
      if (reading === this.#readings) this.#report(error);
    }
  }

  /** An article that is already shown keeps its row, and so the focus and what somebody types. */
  #draw(articles) {
    const known = this.#rows;
    this.#rows = new Map(articles.map(({ id }) => [id, known.get(id) ?? new ArticleRow(id, this.#api, this.#report)]));
    for (const [id, row] of known) if (!this.#rows.has(id)) row.element.remove();
    articles.forEach((article, index) => {
      const row = this.#rows.get(article.id);
      row.draw(article);
      const inPlace = byId("articles").children[index] ?? null;
      if (inPlace !== row.element) byId("articles").insertBefore(row.element, inPlace);
    });
    byId("no-articles").hidden = articles.length > 0;
  }
}

class ArticleRow {
  element;
  #article;
  #title = element("strong");
  #about = element("small");
  #like;
  #isBusy = false; // a request is running

  constructor(id, api, report) {
    this.#like = button("", { onclick: () => this.#toggle(api, report) });
    const text = element("span", { className: "grow" }, this.#title, this.#about);
    this.element = element("li", { id: `article-${id}`, className: "article" }, text, this.#like, this.#commentForm(id, api));
  }

  draw(article) {
    const { title, author, likes_count: likes, comments_count: comments, is_liked: isLiked } = article;
    this.#article = article;
    this.#title.replaceChildren(written(title));
    this.#about.replaceChildren(...bylineOf(author.name), ` · ${word("likes", { count: likes })} · ${word("comments", { count: comments })}`);
    this.#like.replaceChildren(`${word(isLiked ? "unlike" : "like")} `, unseen(written(title)));
  }

  #commentForm(id, api) {
    const field = element("input", { name: "content", required: true, maxLength: 1000, placeholder: word("comment"), dir: "auto" });
    const label = element("label", { className: "grow" }, unseen(word("comment_on")), field);
    const alert = element("p", { role: "alert", className: "wrong" });
    const form = element("form", { id: `comment-${id}` }, element("div", { className: "row" }, label, element("button", { className: "quiet" }, word("send"))), alert);
    onSubmit(form, api, async ({ content }) => {
      await api.call("POST", `/articles/${id}/comments`, { content });
      form.reset();
      this.draw({ ...this.#article, comments_count: this.#article.comments_count + 1 });
    });
    return form;
  }

  async #toggle(api, report) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    const { id, is_liked: isLiked, likes_count: likes } = this.#article;
    try {
      await api.call(isLiked ? "DELETE" : "POST", `/articles/${id}/likings`);
      this.draw({ ...this.#article, is_liked: !isLiked, likes_count: likes + (isLiked ? -1 : 1) });
    } catch (error) {
      report(error);
    } finally {
      this.#isBusy = false;
    }
  }
}

function bylineOf(author) {
  const [before, after] = word("by", { name: "\0" }).split("\0");
  return [before, written(author), after];
}
