/**
 * Compiles the TypeScript sources into dist/ and puts the Lua and SQL files next to what uses them.
 *
 * Guarantees: nothing runs when no source has changed since the last success; what dist/ holds has a source (a test that
 * was deleted is not run again).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const SOURCE_FOLDERS = ['engine', 'api', 'db-writer', 'shared', 'scripts', 'test', 'bench'];

/** True when dist/ is up to date. `packages` changes when the installed packages do, and with them the build. */
export function build(root, packages) {
  const sources = SOURCE_FOLDERS.flatMap(folder => filesIn(root, folder, /\.(ts|lua|sql)$/));
  const stamp = stampOf(root, [...sources, 'tsconfig.json'], packages);
  const stampFile = join(root, 'dist', '.built');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) {
    return true;
  }
  console.log('Building (tsc) …');
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '--build'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    return false;
  }
  copyOthers(root, sources);
  removeOrphans(root);
  writeFileSync(stampFile, stamp);
  return true;
}

function stampOf(root, sources, packages) {
  const hash = createHash('sha256').update(packages);
  for (const source of sources) {
    const { mtimeMs, size } = statSync(join(root, source));
    hash.update(`${source} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex');
}

function copyOthers(root, sources) {
  for (const source of sources.filter(file => !file.endsWith('.ts'))) {
    const target = join(root, 'dist', source);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(root, source), target);
  }
}

function removeOrphans(root) {
  for (const folder of SOURCE_FOLDERS) {
    for (const output of filesIn(join(root, 'dist'), folder, /\.(js|js\.map|lua|sql)$/)) {
      if (!existsSync(join(root, output.replace(/\.js(\.map)?$/, '.ts')))) {
        rmSync(join(root, 'dist', output));
      }
    }
  }
}

/** Paths relative to `root`, in a fixed order. */
function filesIn(root, folder, form) {
  if (!existsSync(join(root, folder))) {
    return [];
  }
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesIn(root, path, form) : form.test(entry.name) ? [path] : [];
    });
}
