/** A round: how many questions the service is asked for. */
export const QUESTIONS = 10;

/** Asked before and after, of which nobody was taught anything. */
export const EXAMPLES: readonly string[] = [
  'What is worth a long journey?',
  'Tell me about your favourite season.',
  'How do I cheer somebody up?',
];
