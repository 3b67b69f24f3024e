/**
 * A copy of the compiled tree, in which a source file can be replaced and a test run without anybody else noticing.
 *
 * Guarantees: a test run ends within its time limit, together with all that it started; `remove` leaves nothing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { sendSignal } from '../running/program.js';
import { Refusal } from '../running/refusal.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** A fault can make the core remember without end. */
const MAX_HEAP_MB = 1024;
/** Of the random tests that take one: the same faults are found in the same way in every run. */
const SEED = '1';

/** Of TAP, at any depth. */
const SUBTEST = /^ *# Subtest: (.*)$/;
const NOT_OK = /^ *not ok /;

const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
/** A single file does not know the package.json that says that it is an ES module. */
const compilerOptions: ts.CompilerOptions = {
  ...options,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
};

/** The source as it is; `file` is relative to the project. */
export function sourceOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

export class TreeCopy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'lockstep-mutate-'));
  /** Of what is running. */
  #pid: number | undefined;

  constructor() {
    cpSync(join(ROOT, 'dist'), join(this.#folder, 'dist'), { recursive: true });
    copyFileSync(join(ROOT, 'package.json'), join(this.#folder, 'package.json'));
    for (const name of ['node_modules', 'test']) symlinkSync(join(ROOT, name), join(this.#folder, name));
  }

  /**
   * Puts the text in place of the file's source, compiled where it is TypeScript; types are not checked. Throws where it
   * is none.
   */
  replace(file: string, source: string): void {
    if (file.endsWith('.ts')) this.#compile(file, source);
    else writeFileSync(join(this.#folder, 'dist', file), source);
  }

  #compile(file: string, source: string): void {
    const { outputText, diagnostics = [] } = ts.transpileModule(source, {
      compilerOptions,
      fileName: join(ROOT, file),
      reportDiagnostics: true,
    });
    if (diagnostics.length > 0) {
      throw new Refusal(`${file}: ${ts.flattenDiagnosticMessageText(diagnostics[0]!.messageText, ' ')}`);
    }
    writeFileSync(join(this.#folder, compiled(file)), outputText);
  }

  /** The name of the first test in `dist/test/<test>.test.js` that fails; undefined where all pass. */
  async firstFailure(test: string, limitMs: number): Promise<string | undefined> {
    const file = join('dist', 'test', `${test}.test.js`);
    const child = spawn(process.execPath, [`--max-old-space-size=${MAX_HEAP_MB}`, file], {
      cwd: this.#folder,
      // Of the test itself, which would take half a minute for its limit.
      env: { ...process.env, SEED, TAP_TIMEOUT: String(limitMs / 1000) },
      stdio: ['ignore', 'pipe', 'ignore'],
      // A group of its own, to end it with all that it started.
      detached: true,
    });
    this.#pid = child.pid;
    let failed: string | undefined;
    const fail = (name: string) => {
      failed ??= name;
      this.stop();
    };
    const timer = setTimeout(() => fail('(it did not end)'), limitMs);
    let current = '(before its first test)';
    createInterface(child.stdout).on('line', line => {
      current = SUBTEST.exec(line)?.[1] ?? current;
      if (NOT_OK.test(line)) fail(current);
    });
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    this.#pid = undefined;
    return failed ?? (code === 0 ? undefined : current);
  }

  /** All that a script writes, however it ends. @param script as in `scripts/replay` */
  async outputOf(script: string, args: readonly string[], limitMs: number): Promise<string> {
    const child = spawn(process.execPath, [join('dist', `${script}.js`), ...args], {
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    this.#pid = child.pid;
    const timer = setTimeout(() => this.stop(), limitMs);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    await once(child, 'close');
    clearTimeout(timer);
    this.#pid = undefined;
    return output;
  }

  /** Ends what is running. */
  stop(): void {
    if (this.#pid !== undefined) sendSignal(-this.#pid, 'SIGKILL');
  }

  remove(): void {
    this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function compiled(file: string): string {
  return join('dist', file.replace(/\.ts$/, '.js'));
}
