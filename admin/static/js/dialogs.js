/* Dialogs of a lifecycle's page: a button opens one with its form filled in; a shape of the drawing presses the button. */
(function () {
    "use strict";
    function fill(form, values) {
        Object.entries(values).forEach(([name, value]) => {
            const field = form.elements.namedItem(name);
            if (!field) return;
            const written = field.closest && field.closest("[data-arz-rule]");
            if (written && written.arzEditor) { written.arzEditor.take(value); return; }
            if (field.type === "checkbox") field.checked = value === "1";
            else field.value = value;
            field.dispatchEvent(new Event("input", { bubbles: true }));
        });
        form.querySelectorAll("[data-new-only]").forEach((part) => {
            part.hidden = Boolean(values.stage);
            part.querySelectorAll("input, select").forEach((field) => { field.disabled = part.hidden; });
        });
        form.querySelectorAll("[data-fixed] select").forEach((field) => {
            const fixed = values.new === "";
            field.classList.toggle("arz-fixed", fixed);
            Array.from(field.options).forEach((option) => { option.disabled = fixed && option.value !== field.value; });
        });
        const replacement = form.elements.namedItem("replacement");
        if (replacement) Array.from(replacement.options).forEach((option) => { option.hidden = option.disabled = option.value === values.stage && option.value !== ""; });
    }
    document.addEventListener("click", (event) => {
        const shape = event.target.closest("[data-arz-click]");
        if (shape) {
            event.preventDefault();
            const button = document.getElementById(shape.dataset.arzClick);
            if (button) open(button, shape);
            return;
        }
        const button = event.target.closest("[data-arz-open]");
        if (button) open(button, button);
        const close = event.target.closest("[data-arz-close]");
        if (close) close.closest("dialog").close();
        if (event.target.matches("dialog.arz-dialog")) event.target.close();
    });
    function open(button, from) {
        const dialog = document.getElementById(button.dataset.arzOpen);
        const form = dialog.querySelector("form");
        form.querySelectorAll(".arz-error").forEach((note) => note.remove());
        form.querySelectorAll(".is-invalid").forEach((field) => { field.classList.remove("is-invalid"); field.removeAttribute("aria-invalid"); });
        dialog.querySelector("[data-arz-title]").textContent = button.dataset.title;
        fill(form, JSON.parse(button.dataset.fill));
        dialog.showModal();
        dialog.addEventListener("close", () => from.focus(), { once: true });
    }
    // A key is proposed from the name of a new stage.
    const name = document.getElementById("stage-name"), key = document.getElementById("stage-key");
    if (name && key) {
        let own = "";
        name.addEventListener("input", () => {
            if (key.disabled || (key.value && key.value !== own)) return;
            own = name.value.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 80);
            key.value = own;
        });
    }
})();
