/**
 * Runs the product's own Lua scripts, as Redis does: KEYS and ARGV, `redis.call`, `redis.set_repl`, `redis.error_reply`, and
 * Redis' rules for what a result becomes. Values are bytes, kept as latin1 text.
 */
import { createHash } from 'node:crypto';
import { LuaWasm } from 'wasmoon';

/** An error reply, and what Redis says where a script fails. */
export class ReplyError extends Error {
  override name = 'ReplyError';
}

/** A reply that only says that something was done; to a script it is another thing than a text. */
export interface Status {
  readonly ok: string;
}

export type Value = string | number | null | Status | Value[];
export type Call = (name: string, ...args: string[]) => Value;

/** Of Lua's C interface, what is used here. Numbers are addresses and places on the stack; places in a list are bigints. */
interface Lua {
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  addFunction(run: (L: number) => number, signature: string): number;
  _malloc(bytes: number): number;
  _free(address: number): void;
  _luaL_newstate(): number;
  _luaL_openlibs(L: number): void;
  _luaL_loadbufferx(L: number, text: number, bytes: number, name: number, mode: number): number;
  _luaL_ref(L: number, table: number): number;
  _lua_createtable(L: number, items: number, fields: number): void;
  _lua_getfield(L: number, index: number, name: number): number;
  _lua_gettop(L: number): number;
  _lua_pcallk(
    L: number,
    args: number,
    results: number,
    handler: number,
    context: number,
    then: number,
  ): number;
  _lua_pushboolean(L: number, value: number): void;
  _lua_pushcclosure(L: number, run: number, values: number): void;
  _lua_pushinteger(L: number, value: bigint): void;
  _lua_pushlstring(L: number, text: number, bytes: number): number;
  _lua_rawgeti(L: number, index: number, place: bigint): number;
  _lua_rawseti(L: number, index: number, place: bigint): void;
  _lua_setfield(L: number, index: number, name: number): void;
  _lua_setglobal(L: number, name: number): void;
  _lua_settop(L: number, top: number): void;
  _lua_toboolean(L: number, index: number): number;
  _lua_tolstring(L: number, index: number, bytes: number): number;
  _lua_tonumberx(L: number, index: number, isNumber: number): number;
  _lua_type(L: number, index: number): number;
}

const NIL = 0;
const BOOLEAN = 1;
const NUMBER = 3;
const STRING = 4;
const REGISTRY = -1_001_000;

/** By this name `redis.set_repl` is called, with where the writes that follow go. */
export const SET_REPL = 'redis.set_repl';
export const REPL_NONE = '0';
const REPL_ALL = '3';

/** As a script sees it. Redis has Lua 5.1. */
const PRELUDE = `
  unpack = table.unpack
  local call = ...
  redis = {
    call = function(...)
      local reply = call(...)
      if type(reply) == 'table' and reply.err then error(reply) end
      return reply
    end,
    error_reply = function(text) return { err = text } end,
    set_repl = function(where) call('${SET_REPL}', where) end,
    REPL_NONE = ${REPL_NONE},
    REPL_ALL = ${REPL_ALL},
  }
`;

const lua = (await LuaWasm.initialize()).module as unknown as Lua;
const L = lua._luaL_newstate();
/** All that Lua has, as it was when it was looked at last. */
let bytes = Buffer.alloc(0);
const KEYS = kept('KEYS');
const ARGV = kept('ARGV');
const ERR = kept('err');
const OK = kept('ok');
const SCRIPT = kept('script');
/** Where the length of a text is told. */
const LENGTH = lua._malloc(4);
/** Through which texts go in. */
let room = { address: lua._malloc(1024), bytes: 1024 };

const compiled = new Map<string, number>();
let call: Call;

lua._luaL_openlibs(L);
load(PRELUDE);
lua._lua_pushcclosure(L, lua.addFunction(callRedis, 'ii'), 0);
lua._lua_pcallk(L, 1, 0, 0, 0, 0);

const shas = new Map<string, string>();

/** The name under which Redis keeps a script. */
export function shaOf(source: string): string {
  const sha = shas.get(source) ?? createHash('sha1').update(source).digest('hex');
  shas.set(source, sha);
  return sha;
}

/** @param redisCall throws a ReplyError where the command fails */
export function runScript(
  source: string,
  keys: readonly string[],
  args: readonly string[],
  redisCall: Call,
): Value {
  let script = compiled.get(source);
  if (script === undefined) {
    load(source);
    script = lua._luaL_ref(L, REGISTRY);
    compiled.set(source, script);
  }
  call = redisCall;
  setList(KEYS, keys);
  setList(ARGV, args);
  lua._lua_rawgeti(L, REGISTRY, BigInt(script));
  try {
    if (lua._lua_pcallk(L, 0, 1, 0, 0, 0) !== 0) throw new ReplyError(messageOf());
    return fromLua();
  } finally {
    lua._lua_settop(L, 0);
  }
}

/** Leaves the compiled script on the stack. */
function load(source: string): void {
  const address = written(source);
  if (lua._luaL_loadbufferx(L, address, source.length, SCRIPT, 0) !== 0) throw new Error(messageOf());
}

function callRedis(): number {
  const args: string[] = [];
  for (let i = 1; i <= lua._lua_gettop(L); i++) args.push(textAt(i));
  const [name, ...rest] = args as [string, ...string[]];
  try {
    push(call(name, ...rest));
  } catch (error) {
    pushField(ERR, (error as Error).message);
  }
  return 1;
}

/** Of the error on top of the stack: a table where a command failed, a text where the script did. */
function messageOf(): string {
  if (lua._lua_type(L, -1) === STRING) return `ERR ${textAt(-1)}`;
  lua._lua_getfield(L, -1, ERR);
  return textAt(-1);
}

function setList(name: number, list: readonly string[]): void {
  push(list as string[]);
  lua._lua_setglobal(L, name);
}

/** Nothing is `false` in Lua. */
function push(value: Value): void {
  if (value === null) lua._lua_pushboolean(L, 0);
  else if (typeof value === 'number') lua._lua_pushinteger(L, BigInt(value));
  else if (typeof value === 'string') pushText(value);
  else if (!Array.isArray(value)) pushField(OK, value.ok);
  else {
    lua._lua_createtable(L, value.length, 0);
    value.forEach((item, index) => {
      push(item);
      lua._lua_rawseti(L, -2, BigInt(index + 1));
    });
  }
}

/** A table with this field only. */
function pushField(name: number, text: string): void {
  lua._lua_createtable(L, 0, 1);
  pushText(text);
  lua._lua_setfield(L, -2, name);
}

function pushText(text: string): void {
  lua._lua_pushlstring(L, written(text), text.length);
}

/** The address of the text's bytes, until the next text. */
function written(text: string): number {
  if (text.length > room.bytes) {
    lua._free(room.address);
    room = { address: lua._malloc(2 * text.length), bytes: 2 * text.length };
  }
  memory().write(text, room.address, 'latin1');
  return room.address;
}

/** The address of a name that stays. */
function kept(name: string): number {
  const address = lua._malloc(name.length + 1);
  memory().write(`${name}\0`, address, 'latin1');
  return address;
}

function textAt(index: number): string {
  const from = lua._lua_tolstring(L, index, LENGTH);
  const all = memory();
  return all.toString('latin1', from, from + all.readUInt32LE(LENGTH));
}

/** It moves as it grows. */
function memory(): Buffer {
  if (bytes.buffer !== lua.HEAPU8.buffer) bytes = Buffer.from(lua.HEAPU8.buffer);
  return bytes;
}

/** The value on top of the stack, which it takes off: numbers lose their fraction, a list ends at its first hole. */
function fromLua(): Value {
  const type = lua._lua_type(L, -1);
  const value = type === STRING ? textAt(-1) : fromOther(type);
  lua._lua_settop(L, -2);
  return value;
}

function fromOther(type: number): Value {
  if (type === NIL) return null;
  if (type === BOOLEAN) return lua._lua_toboolean(L, -1) ? 1 : null;
  if (type === NUMBER) return Math.trunc(lua._lua_tonumberx(L, -1, 0));
  if (lua._lua_getfield(L, -1, ERR) !== NIL) throw new ReplyError(textAt(-1));
  if (lua._lua_getfield(L, -2, OK) !== NIL) return { ok: textAt(-1) };
  lua._lua_settop(L, -3);
  const list: Value[] = [];
  for (let place = 1n; lua._lua_rawgeti(L, -1, place) !== NIL; place++) list.push(fromLua());
  lua._lua_settop(L, -2);
  return list;
}
