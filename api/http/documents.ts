/** The published documents of the interface. They are made once, when the first client asks. */
import { asyncApi } from '../ws/asyncapi.js';
import { Kept } from './kept.js';
import { openApi } from './openapi.js';

let openApiDocument: Kept<Record<string, unknown>> | undefined;
let asyncApiDocument: Kept<Record<string, unknown>> | undefined;

export function getOpenApi() {
  openApiDocument ??= new Kept(openApi());
  return openApiDocument;
}

export function getAsyncApi() {
  asyncApiDocument ??= new Kept(asyncApi());
  return asyncApiDocument;
}
