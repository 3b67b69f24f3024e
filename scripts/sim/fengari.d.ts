/** What is used of it here. */
declare module 'fengari' {
  type State = { readonly brand: unique symbol };

  export const lua: {
    LUA_REGISTRYINDEX: number;
    LUA_TNIL: number;
    LUA_TBOOLEAN: number;
    LUA_TNUMBER: number;
    LUA_TSTRING: number;
    lua_createtable(L: State, items: number, fields: number): void;
    lua_error(L: State): number;
    lua_getfield(L: State, index: number, name: Uint8Array): number;
    lua_gettop(L: State): number;
    lua_pcall(L: State, args: number, results: number, handler: number): number;
    lua_pushboolean(L: State, value: boolean): void;
    lua_pushcfunction(L: State, run: (L: State) => number): void;
    lua_pushinteger(L: State, value: number): void;
    lua_pushstring(L: State, text: Uint8Array): void;
    lua_rawgeti(L: State, index: number, place: number): number;
    lua_rawseti(L: State, index: number, place: number): void;
    lua_setfield(L: State, index: number, name: Uint8Array): void;
    lua_setglobal(L: State, name: Uint8Array): void;
    lua_settop(L: State, top: number): void;
    lua_toboolean(L: State, index: number): boolean;
    lua_tolstring(L: State, index: number): Uint8Array;
    lua_tonumber(L: State, index: number): number;
    lua_type(L: State, index: number): number;
  };
  export const lauxlib: {
    luaL_newstate(): State;
    luaL_loadbuffer(L: State, text: Uint8Array, length: number, name: Uint8Array): number;
    luaL_ref(L: State, table: number): number;
  };
  export const lualib: { luaL_openlibs(L: State): void };
  export function to_luastring(text: string): Uint8Array;
}
