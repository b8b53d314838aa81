/** The state of the connection, and the button that disconnects or reconnects it. */

import { parts } from "../dom/element.js";
import { connectionLabel } from "../dom/labels.js";

/** @import { CallFailed } from "../service/problem.js" */
/** @import { Connection, State } from "../stream/connection.js" */

export class ConnectionBar {
  #root;
  #parts;
  #connection;

  /**
   * @param {HTMLElement} root
   * @param {Connection} connection
   */
  constructor(root, connection) {
    this.#root = root;
    this.#parts = parts(root, { word: HTMLElement, detail: HTMLElement, drop: HTMLButtonElement });
    this.#connection = connection;
    this.#parts.drop.onclick = () => (connection.state === "dropped" ? connection.reconnect() : connection.drop());
  }

  /**
   * Show the state, and return the word for it.
   *
   * @param {State} state
   * @param {CallFailed | null} error
   */
  show(state, error) {
    const { word, detail, drop } = this.#parts;
    const [label, more] = connectionLabel(state, this.#connection, error);
    this.#root.dataset.is = state;
    word.textContent = label;
    detail.textContent = more;
    drop.hidden = state === "ended" || state === "stopped";
    drop.textContent = state === "dropped" ? "Reconnect now" : "Disconnect";
    return label;
  }
}
