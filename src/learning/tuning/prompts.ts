/**
 * What a tuning round asks: everyday messages that can be answered in many ways, so that what differs between the replies is manner, not
 * knowledge. In English, as the replies of a bank are.
 */
export const TUNING_PROMPTS: readonly string[] = [
  'How was your weekend?',
  'What should I cook tonight?',
  'I had a long day at work.',
  'Tell me something interesting.',
  'How do I get better at drawing?',
  'What do you think about rain?',
  'I want to start running.',
  'Recommend a book to me.',
  'My friend forgot my birthday.',
  'What makes a good morning?',
];

/** Replies that are shown to a question, of which the best is chosen. */
export const TUNING_CANDIDATES = 4;

/** The longest that a reply to one may become, in tokens. */
export const TUNING_TOKENS = 64;
