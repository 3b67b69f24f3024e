/**
 * The import arrows of docs/ARCHITECTURE.md, and what the core may not even name. Read with the compiler's parser, so
 * that comments and strings do not count.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';
import ts from 'typescript';

interface Rule {
  /** Folders of ours whose files may be imported. */
  folders: readonly string[];
  packages: readonly string[];
  /** Packages of which only types may be imported: those of the connections that shared/io hands out. */
  types?: readonly string[];
  /** Whether Node's own modules may be. */
  node: boolean;
}

interface Import {
  name: string;
  isType: boolean;
}

/** The innermost folder that a file lies in decides; test, bench and scripts may import anything. */
const RULES: Readonly<Record<string, Rule>> = {
  'shared/domain': { folders: ['shared/domain'], packages: ['decimal.js'], node: false },
  'shared/io': {
    folders: ['shared'],
    packages: ['ioredis', 'pg', 'pg-copy-streams', 'pino', 'prom-client', 'to-fast-properties'],
    node: true,
  },
  'engine/core': { folders: ['engine/core', 'shared/domain'], packages: [], node: false },
  engine: { folders: ['engine', 'shared'], packages: [], types: ['ioredis', 'pg'], node: true },
  api: {
    folders: ['api', 'shared'],
    packages: ['uWebSockets.js', 'zod', 'fast-jwt', 'lru-cache', '@node-rs/argon2', 'p-limit'],
    types: ['ioredis', 'pg'],
    node: true,
  },
  'db-writer': {
    folders: ['db-writer', 'shared'],
    packages: ['pg', 'pg-copy-streams', 'node-pg-migrate'],
    types: ['ioredis'],
    node: true,
  },
};
const FOLDERS = ['shared', 'engine', 'api', 'db-writer'];

/** The one file that turns decimals into integers. */
const DECIMALS = join('shared', 'domain', 'units.ts');

/** A clock, chance, waiting or talking: the core has none of it. */
const FORBIDDEN_IN_CORE = ['async', 'await', 'Date', 'process', 'console', 'setTimeout'];
const FORBIDDEN_MEMBERS_IN_CORE = ['Math.random'];

const FILES = FOLDERS.flatMap(sourceFiles);

t.test('every file imports only what its folder may', async t => {
  t.ok(FILES.length > 40, 'the sources are found');
  for (const file of FILES) t.strictSame(forbiddenImports(file, parse(file)), [], file);
});

t.test('the core names no clock, no chance, no waiting and no talking', async t => {
  const core = FILES.filter(file => isIn(file, 'engine/core'));
  t.ok(core.length > 10, 'the core is found');
  for (const file of core) t.strictSame(forbiddenNames(parse(file)), [], file);
});

t.test('the test finds what it looks for', async t => {
  const file = join('engine', 'core', 'example.ts');
  const source = parseText(
    file,
    `import { x } from '../intake.js'; import fs from 'node:fs'; import 'pino';
     export * from '../../api/errors.js'; type T = import('../../test/session.js').T;
     import type { Redis } from 'ioredis'; import type { Order } from '../../shared/domain/entities.js';
     import { ok } from '../../shared/domain/units.js'; const late = import('pg'); import p = require('path');
     // async Date console
     const text = 'await process';
     async function f() { await Date.now(); Math.random(); console.log(process.pid); setTimeout(f, 1); }`,
  );
  t.strictSame(forbiddenImports(file, source), [
    '../intake.js',
    'node:fs',
    'pino',
    '../../api/errors.js',
    '../../test/session.js',
    'ioredis',
    'pg',
    'path',
  ]);
  t.strictSame(forbiddenNames(source), [
    'async',
    'await',
    'Date',
    'Math.random',
    'console',
    'process',
    'setTimeout',
  ]);
});

t.test('of a connection the engine may name the type only', async t => {
  const file = join('engine', 'example.ts');
  const source = parseText(file, `import type { Redis } from 'ioredis'; import pg from 'pg';`);
  t.strictSame(forbiddenImports(file, source), ['pg']);
});

t.test('decimal.js is imported by one file', async t => {
  const isDecimal = ({ name }: Import) => name === 'decimal.js';
  const importers = FILES.filter(file => importsOf(parse(file)).some(isDecimal));
  t.strictSame(importers, [DECIMALS]);
});

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name))
    .sort();
}

function parse(file: string): ts.SourceFile {
  return parseText(file, readFileSync(file, 'utf8'));
}

function parseText(file: string, text: string): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
}

function forbiddenImports(file: string, source: ts.SourceFile): string[] {
  const rule = ruleOf(file);
  return importsOf(source)
    .filter(imported => !isAllowed(rule, file, imported))
    .map(({ name }) => name);
}

/** Of the innermost folder that has one. */
function ruleOf(file: string): Rule {
  const folders = Object.keys(RULES).filter(folder => isIn(file, folder));
  const innermost = folders.sort((a, b) => b.length - a.length)[0];
  if (innermost === undefined) throw new Error(`no rule says what ${file} may import`);
  return RULES[innermost]!;
}

function isAllowed(rule: Rule, file: string, { name, isType }: Import): boolean {
  if (name.startsWith('.')) {
    const target = normalize(join(dirname(file), name));
    return rule.folders.some(folder => isIn(target, folder));
  }
  if (name.startsWith('node:')) return rule.node;
  if (builtinModules.includes(name)) return false;
  return rule.packages.includes(name) || (isType && rule.types?.includes(name) === true);
}

function isIn(file: string, folder: string): boolean {
  return file.startsWith(join(folder, '/'));
}

/** The modules that a file names: imports, exports from, types, calls of import and require. */
function importsOf(source: ts.SourceFile): Import[] {
  const imports: Import[] = [];
  visit(source, node => {
    const module = moduleOf(node);
    if (module === undefined || !ts.isStringLiteralLike(module)) return;
    const isType = ts.isImportDeclaration(node) && node.importClause?.isTypeOnly === true;
    imports.push({ name: module.text, isType });
  });
  return imports;
}

function moduleOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  const isImport = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return isImport ? node.arguments[0] : undefined;
}

/** Each forbidden word once, in the order in which the file has them. */
function forbiddenNames(source: ts.SourceFile): string[] {
  const names = new Set<string>();
  visit(source, node => {
    if (ts.isPropertyAccessExpression(node) && FORBIDDEN_MEMBERS_IN_CORE.includes(node.getText(source))) {
      names.add(node.getText(source));
    }
    const isWord =
      ts.isIdentifier(node) ||
      node.kind === ts.SyntaxKind.AsyncKeyword ||
      node.kind === ts.SyntaxKind.AwaitKeyword ||
      ts.isAwaitExpression(node);
    if (!isWord) return;
    const word = ts.isAwaitExpression(node) ? 'await' : node.getText(source);
    if (FORBIDDEN_IN_CORE.includes(word)) names.add(word);
  });
  return [...names];
}

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, child => visit(child, look));
}
