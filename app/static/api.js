// The HTTP API, with the tokens of whoever is logged in on this tab.

const PREFIX = "/v1_0";
const KEY = "session";

export class ApiError extends Error {
  constructor(status, body) {
    super(describe(body) || `the server answered ${status}`);
    this.status = status;
  }
}

export class Api {
  session = JSON.parse(sessionStorage.getItem(KEY) ?? "null");

  async logIn(name, password) {
    const tokens = await this.#send("POST", "/authorizations", { user_name: name, password });
    this.#keep({ token: tokens.token, refreshToken: tokens.refresh_token });
    this.#keep({ ...this.session, user: await this.call("GET", "/user") });
  }

  logOut() {
    this.#keep(null);
  }

  async refresh() {
    const { token } = await this.#send("PUT", "/authorizations", undefined, this.session.refreshToken);
    this.#keep({ ...this.session, token });
    return token;
  }

  async call(method, path, body) {
    try {
      return await this.#send(method, path, body, this.session?.token);
    } catch (error) {
      if (error.status !== 401 || !this.session?.refreshToken) throw error;
      return this.#send(method, path, body, await this.refresh());
    }
  }

  #keep(session) {
    this.session = session;
    if (session) sessionStorage.setItem(KEY, JSON.stringify(session));
    else sessionStorage.removeItem(KEY);
  }

  async #send(method, path, body, token) {
    const headers = {};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (token) headers.Authorization = `Bearer ${token}`;
    const answer = await fetch(PREFIX + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const content = answer.status === 204 ? null : await answer.json();
    if (!answer.ok) throw new ApiError(answer.status, content);
    return content;
  }
}

function describe(body) {
  const fields = Object.entries(body?.errors ?? {}).map(([field, errors]) => `${field}: ${[errors].flat().join(" ")}`);
  return fields.join("; ") || body?.message;
}
