/** First in, first out, without moving all at each step. */
export class Fifo<T> {
  #items: T[] = [];
  /** Place of the first one. */
  #from = 0;

  get size(): number {
    return this.#items.length - this.#from;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  first(): T | undefined {
    return this.#items[this.#from];
  }

  /** Takes the first one out. */
  shift(): void {
    this.#from++;
    if (2 * this.#from < this.#items.length) return;
    this.#items = this.#items.slice(this.#from);
    this.#from = 0;
  }

  /** @param place of the first one it is 0 */
  at(place: number): T | undefined {
    return this.#items[this.#from + place];
  }
}
