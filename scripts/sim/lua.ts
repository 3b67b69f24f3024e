/**
 * Runs the product's own Lua scripts, as Redis does: KEYS and ARGV, `redis.call`, `redis.error_reply`, and Redis' rules for
 * what a result becomes. Values are bytes, kept as latin1 text.
 */
import { createHash } from 'node:crypto';
import { lauxlib, lua, lualib, to_luastring as luaText } from 'fengari';

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

const L = lauxlib.luaL_newstate();
/** Texts of so many bytes are kept, since most of them come again. */
const SHORT = 64;
const MOST_SHORT = 10_000;

const compiled = new Map<string, number>();
const short = new Map<string, Uint8Array>();
let call: Call;

lualib.luaL_openlibs(L);
load(`
  -- Redis has Lua 5.1.
  unpack = table.unpack
  redis = { call = ..., error_reply = function(text) return { err = text } end }
`);
lua.lua_pushcfunction(L, callRedis);
lua.lua_pcall(L, 1, 0, 0);

const KEYS = luaText('KEYS');
const ARGV = luaText('ARGV');
const ERR = luaText('err');
const OK = luaText('ok');

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
    script = lauxlib.luaL_ref(L, lua.LUA_REGISTRYINDEX);
    compiled.set(source, script);
  }
  call = redisCall;
  setList(KEYS, keys);
  setList(ARGV, args);
  lua.lua_rawgeti(L, lua.LUA_REGISTRYINDEX, script);
  try {
    if (lua.lua_pcall(L, 0, 1, 0) !== 0) throw new ReplyError(messageOf());
    return fromLua();
  } finally {
    lua.lua_settop(L, 0);
  }
}

/** Leaves the compiled script on the stack. */
function load(source: string): void {
  const text = luaText(source);
  if (lauxlib.luaL_loadbuffer(L, text, text.length, luaText('script')) !== 0) throw new Error(messageOf());
}

function callRedis(): number {
  const args: string[] = [];
  for (let i = 1; i <= lua.lua_gettop(L); i++) args.push(textAt(i));
  const [name, ...rest] = args as [string, ...string[]];
  try {
    push(call(name, ...rest));
    return 1;
  } catch (error) {
    lua.lua_createtable(L, 0, 1);
    pushText((error as Error).message);
    lua.lua_setfield(L, -2, ERR);
  }
  return lua.lua_error(L);
}

/** Of the error on top of the stack: a table where a command failed, a text where the script did. */
function messageOf(): string {
  if (lua.lua_type(L, -1) === lua.LUA_TSTRING) return `ERR ${textAt(-1)}`;
  lua.lua_getfield(L, -1, ERR);
  return textAt(-1);
}

function setList(name: Uint8Array, list: readonly string[]): void {
  push(list as string[]);
  lua.lua_setglobal(L, name);
}

/** Nothing is `false` in Lua. */
function push(value: Value): void {
  if (value === null) lua.lua_pushboolean(L, false);
  else if (typeof value === 'number') lua.lua_pushinteger(L, value);
  else if (typeof value === 'string') pushText(value);
  else if (!Array.isArray(value)) {
    lua.lua_createtable(L, 0, 1);
    pushText(value.ok);
    lua.lua_setfield(L, -2, OK);
  } else {
    lua.lua_createtable(L, value.length, 0);
    value.forEach((item, index) => {
      push(item);
      lua.lua_rawseti(L, -2, index + 1);
    });
  }
}

function pushText(text: string): void {
  lua.lua_pushstring(L, text.length > SHORT ? Buffer.from(text, 'latin1') : shortText(text));
}

function shortText(text: string): Uint8Array {
  let bytes = short.get(text);
  if (bytes === undefined) {
    bytes = Buffer.from(text, 'latin1');
    if (short.size >= MOST_SHORT) short.clear();
    short.set(text, bytes);
  }
  return bytes;
}

function textAt(index: number): string {
  const bytes = lua.lua_tolstring(L, index);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** The value on top of the stack, which it takes off: numbers lose their fraction, a list ends at its first hole. */
function fromLua(): Value {
  const type = lua.lua_type(L, -1);
  const value = type === lua.LUA_TSTRING ? textAt(-1) : fromOther(type);
  lua.lua_settop(L, -2);
  return value;
}

function fromOther(type: number): Value {
  if (type === lua.LUA_TNIL) return null;
  if (type === lua.LUA_TBOOLEAN) return lua.lua_toboolean(L, -1) ? 1 : null;
  if (type === lua.LUA_TNUMBER) return Math.trunc(lua.lua_tonumber(L, -1));
  if (lua.lua_getfield(L, -1, ERR) !== lua.LUA_TNIL) throw new ReplyError(textAt(-1));
  if (lua.lua_getfield(L, -2, OK) !== lua.LUA_TNIL) return { ok: textAt(-1) };
  lua.lua_settop(L, -3);
  const list: Value[] = [];
  for (let place = 1; lua.lua_rawgeti(L, -1, place) !== lua.LUA_TNIL; place++) list.push(fromLua());
  lua.lua_settop(L, -2);
  return list;
}
