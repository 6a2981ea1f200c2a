/** Fields that plugins add to the schema. */
import { open, type Rule } from './access.js';
import type { Viewer } from './auth.js';

/** Checked by whoever hands it in: its types and fields are its own, and it fits the schema. */
export interface SchemaExtension {
  /** The plugin it comes from, and the platform it speaks for. */
  readonly plugin: string;
  readonly platform: string;
  readonly typeDefs: string;
  readonly resolvers: Readonly<Record<string, Readonly<Record<string, ExtensionResolver>>>>;
  /** Who besides admins may ask for a field of Query or Mutation. */
  readonly access: Readonly<Record<string, readonly ('BOT' | 'MEMBER')[]>>;
  /** The types it adds. */
  readonly types: readonly string[];
}

export type ExtensionResolver = (
  source: unknown,
  args: Record<string, unknown>,
  context: { readonly viewer: Viewer },
) => unknown;

/** The rules of what extensions add: a root field's own, and what lies below is what was allowed above. */
export function rulesOf(extensions: readonly SchemaExtension[]) {
  return (type: string, field: string): Rule | undefined => {
    for (const { access, platform, types } of extensions) {
      if (types.includes(type)) return open;
      if ((type === 'Query' || type === 'Mutation') && Object.hasOwn(access, field))
        return rule(access[field], platform);
    }
    return undefined;
  };
}

function rule(scopes: readonly string[], platform: string): Rule {
  const others = scopes.map((scope) => (scope === 'BOT' ? `the bot of "${platform}"` : `members of "${platform}"`));
  return {
    who: ['admin keys', ...others].join(' and '),
    decide: ({ viewer }) => {
      if (viewer.scope === 'ADMIN') return 'ALLOW';
      const home = viewer.scope === 'BOT' ? viewer.platform : viewer.member?.platform;
      return scopes.includes(viewer.scope) && home === platform ? 'ALLOW' : 'FORBID';
    },
  };
}
