/** Short questions that bring out how somebody likes to be answered: long or short, warm or dry, playful or plain. */
export const QUESTIONS: readonly string[] = [
  'What makes a good morning?',
  'Tell me something about the sea.',
  'I burnt my dinner. Say something.',
  'How do I learn a new language?',
  'Describe a walk through an old town.',
  'What should I do on a rainy evening?',
  'Why do people like music?',
  'Give me one piece of advice.',
  'Explain what a friend is.',
  'How would you spend a day off?',
];

/** Asked before and after, of which nobody was taught anything. */
export const EXAMPLES: readonly string[] = [
  'What is worth a long journey?',
  'Tell me about your favourite season.',
  'How do I cheer somebody up?',
];
