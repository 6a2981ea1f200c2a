/** How often Slack lets a bot write: by workspace and method as its tiers have it, in a channel about once a second. */
import { WriteBudget } from '../kit/index.js';
import type { Budgets } from './bot.js';

const MINUTE_MS = 60_000;

export function newBudgets(): Budgets {
  return {
    updates: new WriteBudget({ writes: 50, windowMs: MINUTE_MS }),
    posts: new WriteBudget({ writes: 4, windowMs: 4_000 }),
    starts: new WriteBudget({ writes: 20, windowMs: MINUTE_MS }),
    pieces: new WriteBudget({ writes: 100, windowMs: MINUTE_MS }),
  };
}
