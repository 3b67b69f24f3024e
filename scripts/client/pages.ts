/** A history whole, page after page. */

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

const LIMIT = '1000';

/** Newest first. @param read gives the page at the cursor, or the first one without */
export async function allPages<T>(
  read: (place: { limit: string; cursor?: string }) => Promise<Page<T>>,
): Promise<T[]> {
  const list: T[] = [];
  let page = await read({ limit: LIMIT });
  list.push(...page.items);
  while (page.nextCursor !== null) {
    page = await read({ limit: LIMIT, cursor: page.nextCursor });
    list.push(...page.items);
  }
  return list;
}
