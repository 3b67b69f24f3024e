/** One line that tells how far a long work has come: rewritten in place on a terminal, a line each tenth elsewhere. */

const REDRAW_INTERVAL_MS = 100;

export class Progress {
  readonly #what: string;
  readonly #total: number;
  readonly #started = performance.now();
  #drawnAt = 0;
  #tenths = 0;

  constructor(what: string, total: number) {
    this.#what = what;
    this.#total = total;
  }

  reach(done: number): void {
    if (process.stderr.isTTY) this.#redraw(done);
    else this.#print(done);
  }

  #redraw(done: number): void {
    const now = performance.now();
    if (now - this.#drawnAt < REDRAW_INTERVAL_MS && done < this.#total) return;
    this.#drawnAt = now;
    process.stderr.write(`\r${this.#line(done)}${done === this.#total ? '\n' : ''}`);
  }

  #print(done: number): void {
    const tenths = Math.floor((10 * done) / this.#total);
    if (tenths === this.#tenths) return;
    this.#tenths = tenths;
    console.error(this.#line(done));
  }

  #line(done: number): string {
    const seconds = (performance.now() - this.#started) / 1000;
    const percent = Math.floor((100 * done) / this.#total);
    return `${this.#what}: ${done} of ${this.#total} (${percent} %), ${Math.round(done / seconds)} a second`;
  }
}
