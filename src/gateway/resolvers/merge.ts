/** Joins the resolvers of the contract's parts, type by type. */

/** Fields by type. A scalar's or union's own functions stand under the names by which GraphQL tools set them (`__serialize`). */
export type ResolverPart = Readonly<Record<string, object>>;

/** @throws Error when two parts claim the same field */
export function mergeResolvers(parts: readonly ResolverPart[]): Record<string, Record<string, unknown>> {
  const merged: Record<string, Record<string, unknown>> = {};
  for (const part of parts) {
    for (const [type, fields] of Object.entries(part)) {
      merged[type] ??= {};
      for (const [field, resolver] of Object.entries(fields)) {
        if (Object.hasOwn(merged[type], field)) throw new Error(`${type}.${field} has two resolvers.`);
        merged[type][field] = resolver;
      }
    }
  }
  return merged;
}
