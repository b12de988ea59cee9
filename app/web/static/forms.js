/** Sends forms, one request at a time, and shows each error beside its field. */

import { element } from "./elements.js";
import { pause, retry } from "./push/live/retry.js";
import { explain, explainField } from "./words.js";

/** Call `action(values, submitter)` when the form is sent; `values` are its fields by name. */
export function onSubmit(form, api, action) {
  let sent = new AbortController();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    sent.abort();
    sent = new AbortController();
    showErrors(form, {}, "");
    try {
      await action(Object.fromEntries(new FormData(form)), event.submitter);
    } catch (error) {
      const fields = error.errors ?? {};
      showErrors(form, fields, Object.keys(fields).length ? "" : explain(error));
      if (error.isTransient) clearWhenOver(form, api, sent.signal);
    } finally {
      form.ariaBusy = "false";
    }
  });
}

async function clearWhenOver(form, api, signal) {
  await pause(0, signal); // time to read the message
  await retry(() => api.probe(), signal);
  if (!signal.aborted) form.querySelector("[role=alert]").textContent = "";
}

function showErrors(form, errors, message) {
  form.querySelector("[role=alert]").textContent = message;
  for (const field of form.querySelectorAll("[name]:not(button)")) {
    document.getElementById(`${form.id}-${field.name}-wrong`)?.remove();
    const wrong = explainField(errors[field.name], field.name);
    field.ariaInvalid = wrong ? "true" : null;
    if (wrong) showError(form, field, wrong);
    else field.removeAttribute("aria-describedby");
  }
  form.querySelector("[aria-invalid=true]")?.focus();
}

function showError(form, field, wrong) {
  const note = element("small", { id: `${form.id}-${field.name}-wrong`, className: "wrong", textContent: wrong });
  field.setAttribute("aria-describedby", note.id);
  field.closest("label").after(note);
}
