/** Where a request is addressed to: pure. */

export interface Target {
  /** Begins at the gateway's own root; '' where that root was asked for without the slash behind it. */
  path: string;
  /** With its question mark, or ''. */
  search: string;
}

/**
 * @param url the request's target: a path, or a whole address as clients send it through a proxy
 * @param base the path of the address at which people reach the gateway, without a slash at its end: '' or like `/palate`. What lies
 * below it is served as at the root, so that a proxy may pass the path on or cut it off
 */
export function targetOf(url: string | undefined, base = ''): Target {
  const [, path, search = ''] = /^(?:https?:\/\/[^/?#]*)?([^?#]*)(\?[^#]*)?/i.exec(url ?? '/') as RegExpExecArray;
  if (base !== '' && path === base) return { path: '', search };
  if (base !== '' && path.startsWith(`${base}/`)) return { path: path.slice(base.length), search };
  return { path: path === '' ? '/' : path, search };
}

/** The path that an address ends with, as `targetOf` takes it. */
export function basePathOf(publicUrl: string | undefined): string {
  return publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');
}
