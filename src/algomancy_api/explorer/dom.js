// Making elements, and the few things every view shows: notices, questions, numbers and times.

/** Makes an element: `h("button", {class: "main", onclick: save}, "Save")`. Text is never read as markup. */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Text of any length in two lines at most; the whole shows when pointed at. */
export const clamped = (text) => h("span", {class: "clamped", title: text}, text);

export function replace(parent, ...children) {
  parent.replaceChildren(...children.flat(Infinity).filter(Boolean));
  return parent;
}

/** Says something for a while; errors stay until they are closed. */
export function notice(text, {error = false, undo = null} = {}) {
  const close = () => box.remove();
  const box = h("div", {class: error ? "notice error" : "notice"},
    h("span", {}, text),
    undo && h("button", {onclick: () => { close(); undo(); }}, "Undo"),
    h("button", {class: "icon", "aria-label": "Close", onclick: close}, "×"));
  document.getElementById("notices").append(box);
  if (!error) setTimeout(close, 6000);
}

/** Runs something, and shows the sentence of the API when it is refused. */
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    if (error.name !== "AbortError") notice(error.message, {error: true});
    return undefined;
  }
}

/** Asks in a dialog; resolves to the form's values, or to null. */
export function ask(title, {text = "", fields = [], action = "OK", danger = false}) {
  return new Promise((resolve) => {
    const inputs = fields.map((field) => h("input", {name: field.name, value: field.value ?? "", required: true,
      type: field.type ?? "text", maxlength: "255", autocomplete: "off"}));
    const dialog = h("dialog", {"aria-labelledby": "dialog-title", onclose: () => { dialog.remove(); resolve(answer); }},
      h("form", {method: "dialog", onsubmit: () => { answer = Object.fromEntries(new FormData(dialog.firstChild)); }},
        h("h2", {id: "dialog-title"}, title), text && h("p", {}, text),
        fields.map((field, at) => h("label", {}, field.label, inputs[at])),
        h("div", {class: "row end"},
          h("button", {type: "button", onclick: () => dialog.close()}, "Cancel"),
          h("button", {class: danger ? "danger" : "main"}, action))));
    let answer = null;
    document.body.append(dialog);
    dialog.showModal();
    inputs[0]?.select();
  });
}

const numbers = new Intl.NumberFormat("en", {maximumSignificantDigits: 6});
const extreme = new Intl.NumberFormat("en", {notation: "scientific", maximumSignificantDigits: 4});

export function formatNumber(value) {
  if (typeof value !== "number") return "–";
  const size = Math.abs(value);
  return size >= 1e12 || (size > 0 && size < 1e-6) ? extreme.format(value) : numbers.format(value);
}

export function formatTime(text) {
  return text ? new Date(text).toLocaleString() : "–";
}

/** Returns what waits until nothing has asked for a while: one call for many keystrokes. */
export function settled(action, milliseconds = 150) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds, ...args);
  };
}

/** Offers a file that was made here. */
export function download(name, content, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], {type}));
  h("a", {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A list of any length of which only the visible rows exist. `row(at)` makes one; all are equally high. */
export class LongList {
  constructor({height, row, label, header = null, role = "list"}) {
    this.height = height;
    this.row = row;
    this.count = 0;
    this.inner = h("div", {class: "long-rows", role});
    this.element = h("div", {class: "long", tabIndex: 0, "aria-label": label, role: "group"}, header, this.inner);
    this.element.addEventListener("scroll", () => this.draw(), {passive: true});
    new ResizeObserver(() => this.draw(true)).observe(this.element);
  }

  show(count) {
    this.count = count;
    this.element.hidden = !count;
    this.inner.style.height = `${count * this.height}px`;
    this.draw(true);
  }

  draw(anew = false) {
    const offset = this.inner.offsetTop;
    const first = Math.max(0, Math.floor((this.element.scrollTop - offset) / this.height) - 5);
    const last = Math.min(this.count, first + Math.ceil(this.element.clientHeight / this.height) + 12);
    if (!anew && first === this.first && last === this.last) return;
    [this.first, this.last] = [first, last];
    const rows = [];
    for (let at = first; at < last; at += 1) {
      const row = this.row(at);
      row.style.transform = `translateY(${at * this.height}px)`;
      rows.push(row);
    }
    this.inner.replaceChildren(...rows);
  }
}
