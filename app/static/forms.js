/** How forms are sent: once at a time, with what is wrong shown beside its field. */

import { element } from "./elements.js";

/** Call `action(values, submitter)` when the form is sent; `values` are its fields by name. */
export function onSubmit(form, action) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    showErrors(form, {}, "");
    try {
      await action(Object.fromEntries(new FormData(form)), event.submitter);
    } catch (error) {
      const fields = error.errors ?? {};
      showErrors(form, fields, Object.keys(fields).length ? "" : error.message);
    } finally {
      form.ariaBusy = "false";
    }
  });
}

function showErrors(form, errors, message) {
  form.querySelector("[role=alert]").textContent = message;
  for (const field of form.querySelectorAll("[name]:not(button)")) {
    document.getElementById(`${form.id}-${field.name}-wrong`)?.remove();
    const wrong = [errors[field.name] ?? []].flat().join(" ");
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
