/** Creates elements of the page: text is only ever inserted as text, never as markup. */

/**
 * An element with its properties, or attributes where it has no such property.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [properties] one that is null or undefined is left out
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name in made && !name.startsWith("aria")) Reflect.set(made, name, value);
    else made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/**
 * The element with this id, which has to be there and of this kind.
 *
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`The document has no ${kind.name} with the id ${id}.`);
  return found;
}

/**
 * The parts of a view that the document marks with `data-NAME`, by name; each has to be there, and of its kind.
 *
 * @template {Record<string, new () => HTMLElement>} Kinds
 * @param {HTMLElement} root
 * @param {Kinds} kinds
 * @returns {{ [Name in keyof Kinds]: InstanceType<Kinds[Name]> }}
 */
export function parts(root, kinds) {
  const found = Object.entries(kinds).map(([name, kind]) => {
    const part = root.querySelector(`[data-${name}]`);
    if (!(part instanceof kind)) throw new TypeError(`The document has no ${kind.name} with data-${name}.`);
    return [name, part];
  });
  return Object.fromEntries(found);
}
