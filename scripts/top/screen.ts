/** A terminal drawn over and over without a flicker, and left as it was. */

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_TO_LINE_END = '\x1b[K';
const CLEAR_TO_END = '\x1b[J';

/** From now on the screen is ours, until the process ends. */
export function takeScreen(): void {
  process.stdout.write(ENTER);
  process.on('exit', () => process.stdout.write(LEAVE));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(0));
}

/** What does not fit is cut off: lines are to be shorter than the terminal is wide. */
export function draw(lines: readonly string[]): void {
  const shown = lines.slice(0, process.stdout.rows).map(line => line + CLEAR_TO_LINE_END);
  process.stdout.write(HOME + shown.join('\r\n') + CLEAR_TO_END);
}
