/** Who is mentioned in a text. */
import type { World } from './world.js';

/** The known users whom a text mentions, each once, in order. */
export function mentionsIn(world: World, content: string): string[] {
  const ids = [...content.matchAll(/<@!?(\d+)>/g)].map((match) => match[1]);
  return [...new Set(ids)].filter((id) => world.users.has(id));
}
