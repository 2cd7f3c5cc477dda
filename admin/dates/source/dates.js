/* Date fields in the reader's own calendar, digits and words, over the browser's, which stay where this script does
   not run. To forms and scripts such a field still is what it was: its value reads and is sent as ISO 8601. */
import { read, shown, terms } from "./text.js";
import { pick } from "./picker.js";

const SELECTOR = "input[type=date], input[type=datetime-local]";
const native = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
const fields = new WeakMap();
const turned = new WeakSet();

class DateField {
    constructor(input) {
        this.input = input;
        const label = input.labels && input.labels[0];
        this.name = ((label && label.textContent) || input.getAttribute("aria-label") || "").trim();
        this.wrap();
        this.listen();
    }

    /* Take over what the input is, or has become. */
    take(held) {
        const { input } = this;
        this.timed = input.type === "datetime-local";
        this.held = held;
        turned.add(input);
        input.type = "text";
        input.dataset.arzDate = this.timed ? "time" : "day";
        input.autocomplete = "off";
        input.spellcheck = false;
        input.dir = "auto";
        input.placeholder = terms().words[this.timed ? "typed_time" : "typed_day"];
        Object.defineProperty(input, "value", { configurable: true, get: () => this.value(), set: (value) => this.put(String(value == null ? "" : value)) });
        native.set.call(input, shown(held, this.timed));
        this.wrapper.classList.add("arz-date");
        this.button.hidden = input.readOnly || input.disabled;
    }

    /* Give the input back to whoever made something else of it. */
    leave() {
        delete this.input.value;
        delete this.input.dataset.arzDate;
        this.input.placeholder = "";
        this.input.setCustomValidity("");
        this.button.hidden = true;
        this.wrapper.classList.remove("arz-date");
    }

    wrap() {
        const { input } = this;
        this.wrapper = document.createElement("div");
        if (input.classList.contains("flex-fill")) this.wrapper.className = "flex-fill";
        input.before(this.wrapper);
        this.button = document.createElement("button");
        this.button.type = "button";
        this.button.setAttribute("aria-label", [terms().words.open, this.name].filter(Boolean).join(": "));
        this.button.setAttribute("aria-haspopup", "dialog");
        this.button.innerHTML = '<i class="fa-regular fa-calendar" aria-hidden="true"></i>';
        this.wrapper.append(input, this.button);
    }

    listen() {
        const { input } = this;
        this.button.addEventListener("click", () => pick(this));
        input.addEventListener("keydown", (event) => {
            if (event.key === "ArrowDown" && input.dataset.arzDate) { event.preventDefault(); pick(this); }
        });
        input.addEventListener("input", () => {
            if (!input.dataset.arzDate) return;
            const text = native.get.call(input).trim();
            this.held = text && (read(text, this.timed) || text);
            this.judge(false);
        });
        input.addEventListener("change", () => { if (input.dataset.arzDate) this.settle(); });
    }

    readable() { return !this.held || /^\d{4}-\d{2}-\d{2}/.test(this.held) && read(this.held.replace("T", " "), this.timed) !== null; }
    value() { return this.readable() ? this.held : ""; }
    sent() { return this.held; }

    put(value) {
        this.held = value;
        native.set.call(this.input, shown(value, this.timed));
        this.judge(false);
    }

    /* By the picker: as if it had been typed. */
    set(value) {
        this.put(value);
        this.judge(true);
        ["input", "change"].forEach((name) => this.input.dispatchEvent(new Event(name, { bubbles: true })));
    }

    settle() {
        if (this.readable()) native.set.call(this.input, shown(this.held, this.timed));
        this.judge(true);
    }

    /* Say beside the field what cannot be read; a form is not sent with it. */
    judge(aloud) {
        const { input } = this;
        const fault = this.readable() ? "" : terms().words[this.timed ? "no_time" : "no_day"];
        input.setCustomValidity(fault);
        if (fault && !aloud) return;
        if (!fault && !this.note) return;
        if (!this.note) {
            this.note = document.createElement("div");
            this.note.className = "invalid-feedback";
            this.note.setAttribute("role", "alert");
            this.wrapper.append(this.note);
        }
        this.note.textContent = fault;
        input.classList.toggle("is-invalid", Boolean(fault));
        if (fault) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
    }
}

/* What a field held before this script: browsers empty one that holds no date, and shorten times. */
function given(input) {
    const now = native.get.call(input);
    const first = input.getAttribute("value") || "";
    return first.startsWith(now) ? first : now;
}

function enhance(input) {
    const known = fields.get(input);
    const held = known ? known.held : given(input);
    const field = known || new DateField(input);
    fields.set(input, field);
    field.take(held);
}

function look(root) {
    if (root.matches && root.matches(SELECTOR)) enhance(root);
    if (root.querySelectorAll) root.querySelectorAll(SELECTOR).forEach(enhance);
}

if (window.Arzesh && window.Arzesh.dates) {
    new MutationObserver((records) => records.forEach((record) => {
        if (record.type === "childList") { record.addedNodes.forEach(look); return; }
        const input = record.target;
        if (input.matches(SELECTOR)) { enhance(input); return; }
        // One record for each time that this script made it a text field; any other is somebody else's.
        if (!turned.delete(input) && fields.has(input) && input.dataset.arzDate) fields.get(input).leave();
    })).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["type"] });
    look(document);
    document.addEventListener("formdata", (event) => event.target.querySelectorAll("input[data-arz-date][name]").forEach((input) => {
        if (event.formData.has(input.name)) event.formData.set(input.name, fields.get(input).sent());
    }), true);
}
