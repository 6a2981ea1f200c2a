/** Methods that leave the model as it is: choosing among its replies, examples in the prompt, an instruction. */
import type { BankReply } from '../bank.js';
import type { Vote } from '../votes.js';
import { served } from './latent.js';
import { type Method, writeBehind } from './method.js';
import { ofBank, UNTOUCHED } from './untouched.js';

/** Of so many finished replies without prefix, the one that the learned reward puts first. */
export function bestOf(count: number, learned: Method = served): Method {
  return {
    name: `best of ${count}`,
    async fit(votes, member, model) {
      const { likes, fingerprint } = await learned.fit(votes, member, model);
      // Nothing was learned yet.
      if (!likes) return UNTOUCHED;
      return {
        fingerprint: `best of ${count} by ${fingerprint}`,
        likes,
        async write(task) {
          // Where nothing was written before there is nothing to choose from.
          if (task.unsteered.length === 0) return writeBehind(task);
          return task.seeds.map((_, i) => {
            const among = task.unsteered.slice(i * count, (i + 1) * count);
            return ofBank(most(among, likes), among);
          });
        },
      };
    },
  };
}

/** Liked and disliked replies that are shown, and characters of each. */
const EXAMPLES = 3;
const EXAMPLE_CHARACTERS = 200;

/** The last votes' chosen and passed-over replies, shown before the question. */
export const examplesInPrompt: Method = {
  name: 'examples in the prompt',
  fit(votes) {
    const system = examplesText(votes);
    return { fingerprint: system, likes: null, write: (task) => writeBehind(task, { system }) };
  },
};

export function examplesText(votes: readonly Vote[]): string {
  const last = votes.slice(-EXAMPLES);
  const cut = ({ text }: BankReply) => text.replaceAll(/\s+/g, ' ').trim().slice(0, EXAMPLE_CHARACTERS);
  const liked = last.map(({ candidates, chosen }) => `- ${cut(candidates[chosen])}`);
  const passedOver = last.map(({ candidates, chosen }) => `- ${cut(candidates[chosen === 0 ? 1 : 0])}`);
  return [
    'You answer somebody whose taste these examples show.',
    'Replies that they liked:',
    ...liked,
    'Replies that they liked less:',
    ...passedOver,
    'Write as in the replies that they liked.',
  ].join('\n');
}

/** What the member would say if asked: a method that knows the taste and needs no vote. */
export const oracleInstruction: Method = {
  name: 'oracle instruction',
  fit(_, { taste }) {
    const system = `You are a helpful assistant. ${taste.instruction}`;
    return { fingerprint: system, likes: null, write: (task) => writeBehind(task, { system }) };
  },
};

function most(replies: readonly BankReply[], likes: (reply: BankReply) => number): BankReply {
  const scores = replies.map(likes);
  return replies[scores.indexOf(Math.max(...scores))];
}
