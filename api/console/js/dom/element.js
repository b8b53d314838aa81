/** Creates elements of the page: text is only ever inserted as text, never as markup. */

export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name in made && !name.startsWith("aria")) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** The parts of a view that the document marks with `data-NAME`, by name. */
export function parts(root) {
  const found = {};
  for (const part of root.querySelectorAll("*")) {
    for (const name of Object.keys(part.dataset)) found[name] ??= part;
  }
  return found;
}
