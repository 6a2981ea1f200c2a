/** The Slack bot's pure parts: reactions in order, mark-up, what a message asks, settings as they are typed. */
import { describe, expect, it } from 'vitest';
import type { BallotChange, Mark } from '../../../bots/kit/index.js';
import { changeBallot, EMPTY_BALLOT } from '../../../bots/kit/index.js';
import { readSettings } from '../../../bots/slack/commands.js';
import { promptOf } from '../../../bots/slack/conversation.js';
import { drawPage, drawView } from '../../../bots/slack/draw.js';
import manifest from '../../../bots/slack/manifest.json' with { type: 'json' };
import { toMrkdwn, withoutMentions } from '../../../bots/slack/mrkdwn.js';
import { placeReaction, type ReactionMoment } from '../../../bots/slack/ordering.js';
import { HELPFUL, NEEDED } from '../../../bots/slack/scopes.js';
import { slackWords } from '../../../bots/slack/words.js';
import { Random } from '../../../src/common/random.js';
import { blockProblems } from '../../fakes/slack/blocks.js';

describe('placeReaction', () => {
  it('brings any order, with repetitions, to the ballot that the right order brings', () => {
    const random = new Random('reactions');
    const marks: Mark[] = ['A', 'B', 'TIE'];
    for (let round = 0; round < 500; round++) {
      const moments: ReactionMoment[] = [];
      const standing = new Set<Mark>();
      for (let i = 0; i < 8; i++) {
        const mark = marks[random.integer(marks.length)];
        const kind = standing.has(mark) ? 'removed' : 'added';
        if (kind === 'added') standing.add(mark);
        else standing.delete(mark);
        moments.push({ mark, kind, at: `1700000000.${String(i + 1).padStart(6, '0')}` });
      }
      const apply = (order: readonly ReactionMoment[]) => {
        let history: ReactionMoment[] = [];
        let ballot = EMPTY_BALLOT;
        for (const moment of order) {
          const step = placeReaction(history, moment);
          history = step.history;
          for (const change of step.changes as BallotChange[]) ballot = changeBallot(ballot, change);
        }
        return ballot.given;
      };
      const mixed = [...moments, ...moments.slice(0, 3)]
        .map((moment) => ({ moment, place: random.uniform() }))
        .sort((a, b) => a.place - b.place)
        .map(({ moment }) => moment);
      expect(apply(mixed)).toEqual(apply(moments));
    }
  });
});

describe('mark-up', () => {
  it.each([
    ['**bold** and *it* and ~~gone~~', '*bold* and _it_ and ~gone~'],
    ['# Title\n- one\n* two', '*Title*\n• one\n• two'],
    ['[a|b](https://x.y/?a=1&b=2)', '<https://x.y/?a=1&amp;b=2|a¦b>'],
    ['<!channel> <@U1> a < b', '&lt;!channel&gt; &lt;@U1&gt; a &lt; b'],
    ['```ts\na < **b**\n```', '```\na &lt; **b**\n```'],
    ['`**x**` 2 * 3 * 4', '`**x**` 2 * 3 * 4'],
    ['[no](javascript:alert)', '[no](javascript:alert)'],
  ])('%s', (markdown, expected) => {
    expect(toMrkdwn(markdown)).toBe(expected);
  });

  it('lets nothing in a reply notify anybody', () => {
    const text = withoutMentions('<!here> <@U12345678> <#C1> @channel `@here`');
    expect(text).not.toMatch(/<[@!#]/);
    expect(text).not.toMatch(/@channel/);
  });

  it('stays within what Slack takes, whatever is to be shown', () => {
    const long = '<&> '.repeat(4_000);
    const view = { title: 't'.repeat(200), text: [long], fields: [{ name: 'n', value: long }], buttons: [] };
    expect(blockProblems(drawView({ ...view, text: [long.slice(0, 6_000)] }).blocks)).toEqual([]);
    expect(blockProblems(drawPage({ content: 'x'.repeat(12_000), buttons: [] }).blocks)).toEqual([]);
  });
});

describe('promptOf', () => {
  it.each([
    ['<@UBOT> hello', 'hello'],
    ['<@UBOT|palate> a &lt;b&gt; &amp; c', 'a <b> & c'],
    [
      'see <https://x.y|x> and <https://z.w> in <#C1|general>, <@U2|ada>',
      'see x (https://x.y) and https://z.w in general, ada',
    ],
    ['<@UBOT>', ''],
  ])('%s', (text, expected) => {
    expect(promptOf(text, 'UBOT')).toBe(expected);
  });
});

describe('readSettings', () => {
  it.each([
    ['', {}],
    ['answer off learn on', { answer: false, learn: true }],
    ['candidates 3 TOKENS 64', { candidates: 3, tokens: 64 }],
    ['length 300', { length: 300 }],
    ['length 2000', null],
    ['length 7', null],
    ['candidates 9', null],
    ['answer maybe', null],
    ['learn', null],
  ])('%s', (text, expected) => {
    expect(readSettings(text)).toEqual(expected);
  });
});

describe('the manifest', () => {
  it('asks for exactly what the bot uses', () => {
    expect([...manifest.oauth_config.scopes.bot].sort()).toEqual([...NEEDED, ...HELPFUL].sort());
    expect(manifest.features.slash_commands.map(({ command }) => command)).toEqual(['/palate']);
    expect(manifest.display_information.long_description.length).toBeGreaterThanOrEqual(175);
    expect(manifest.display_information.description.length).toBeLessThanOrEqual(140);
  });
});

describe('the words', () => {
  it('name the commands that there are', () => {
    for (const tag of ['en', 'de', 'ja']) {
      const words = slackWords(tag);
      expect(words.consent.question).toContain('/palate taste');
      expect(words.taste.nothing).toContain('/palate tune');
    }
  });
});
