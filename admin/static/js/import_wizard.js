/* The wizard of imports: the page keeps the file, each step brings the next part of the form. */
(function () {
    "use strict";
    const form = document.querySelector("form[data-arz-import]");
    if (!form) return;
    const part = (name) => form.querySelector(`[data-part="${name}"]`);
    const token = () => (window.Cookies && window.Cookies.get("starlette_admin_csrftoken")) || "";

    async function send(url, button) {
        button.disabled = true;
        button.setAttribute("aria-busy", "true");
        try {
            return await window.fetch(url, { method: "POST", body: new FormData(form), headers: { "X-CSRFToken": token() } });
        } finally {
            button.disabled = false;
            button.removeAttribute("aria-busy");
        }
    }
    function show(holder, html) {
        holder.innerHTML = html;
        const title = holder.querySelector("h2, [role=alert]");
        if (title) { title.tabIndex = -1; title.focus(); }
    }
    form.addEventListener("click", async (event) => {
        const button = event.target.closest("[data-step]");
        if (!button || !form.reportValidity()) return;
        const step = button.dataset.step;
        if (step === "read") part("try").innerHTML = "";
        const answer = await send(form.dataset[step], button);
        show(part(step), await answer.text());
    });
    // What was tried is no longer true once something else is chosen.
    form.addEventListener("change", (event) => {
        if (event.target.name === "file" || event.target.name === "kind") part("read").innerHTML = "";
        part("try").innerHTML = "";
    });
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const button = event.submitter || form.querySelector("[type=submit]");
        const answer = await send(form.action, button);
        if (answer.ok) location.href = (await answer.json()).redirect;
        else show(part("try"), await answer.text());
    });
})();
