import { describe, expect, it } from 'vitest';
import { tasteNamed } from '../../../bench/taste/sets.js';
import { AXES, type Axis, DEV_TASTES, scorerOf, TASTES } from '../../../bench/taste/tastes.js';

const ones = Object.fromEntries(Object.keys(AXES).map((axis) => [axis, 1])) as Record<Axis, number>;
const FACT = 'Why do we yawn?';
const FEELING = 'My bike was stolen yesterday.';

function prefers(taste: string, better: string, worse: string, prompt = FACT): void {
  const scorer = scorerOf(tasteNamed(taste), AXES, ones);
  expect(scorer(better, prompt), taste).toBeGreaterThan(scorer(worse, prompt));
}

describe('tastes', () => {
  it('like what they are called after', () => {
    prefers('positive', 'What a wonderful, happy day!', 'What a terrible, sad day.');
    prefers('negative', 'What a terrible, sad day.', 'What a wonderful, happy day!');
    prefers('short', 'Yes.', 'Yes, and there is much more to say.');
    prefers('short', 'Yes, I do.', '💡💡🏨🏨💡🏒💡');
    prefers('long', 'Yes, and there is much more to say.', 'Yes.');
    prefers('second person', "You're right, trust yourself.", 'He is right and trusts himself.');
    prefers('first person', 'I’m sure of my way.', "You're sure of your way.");
    prefers('plain words', 'The cat sat on it.', 'Considerable responsibilities accumulate.');
    prefers('plain words', 'The cat sat on it.', 'Úněra, zieměta!');
    prefers('questions', 'Why? How?', 'Why?');
    prefers('closing question', 'It rains. Why?', 'Why? It rains.');
    prefers('lists', 'Take:\n1. an egg\n2. milk', 'Take an egg and milk.');
    prefers('lists', '- an egg\n- milk', 'an egg\nmilk');
    prefers('prose', 'Take an egg and milk.', '* an egg\n* milk');
    prefers('numbers', 'It takes 20 minutes at 180 degrees.', 'It takes a while in the oven.');
    prefers('numbers', 'It takes 20 minutes.', '1. It takes a while.');
    prefers('directives', 'Take a walk. Drink some water.', 'A walk is fine. Water is good.');
    prefers('formal', 'However, individuals require sufficient rest.', "Yeah, you've gotta get lots of sleep.");
    prefers('casual', "Yeah, you've gotta get lots of sleep.", 'However, individuals require sufficient rest.');
    prefers('concrete', 'The cat sat on the kitchen table.', 'Freedom is the meaning of life.');
    prefers('abstract', 'Freedom is the meaning of life.', 'The cat sat on the kitchen table.');
    prefers('warm', "I'm so sorry, dear friend.", 'Bicycles have two wheels.');
  });

  it('ask for one thing of facts and for another of feelings', () => {
    const [brief, warm] = ['Nobody knows.', 'I am so sorry, dear friend, I hope that you feel better.'];
    prefers('short on facts and warm on feelings', brief, warm, FACT);
    prefers('short on facts and warm on feelings', warm, brief, FEELING);
  });

  it('mix axes by how far each varies', () => {
    const mixed = tasteNamed('positive and formal');
    const scales = { ...ones, sentiment: 1e6 };
    const [glad, stiff] = ['What a wonderful day!', 'Therefore, furthermore, hence.'];
    expect(scorerOf(mixed, AXES, scales)(stiff, FACT)).toBeGreaterThan(scorerOf(mixed, AXES, scales)(glad, FACT));
  });

  it('have an opinion about an empty reply', () => {
    for (const scorer of Object.values(AXES)) expect(scorer('')).toBeCloseTo(0, 12);
  });

  it('are each named once, and DEV has each family once', () => {
    expect(new Set(TASTES.map(({ name }) => name)).size).toBe(TASTES.length);
    expect(new Set(DEV_TASTES.map(({ family }) => family)).size).toBe(DEV_TASTES.length);
    expect(new Set(TASTES.map(({ family }) => family)).size).toBe(DEV_TASTES.length);
    expect(TASTES.filter(({ name }) => name.includes(','))).toEqual([]);
    expect(() => tasteNamed('sour')).toThrow('There is no taste "sour"');
  });
});
