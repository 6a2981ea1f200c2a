/** A short check of general ability: questions with one answer, which a taste must not change. */

export interface Fact {
  question: string;
  /** Any of these, in small letters, in the reply makes it right. */
  answers: readonly string[];
}

export const FACTS: readonly Fact[] = [
  { question: 'What is the capital of France?', answers: ['paris'] },
  { question: 'What is the capital of Japan?', answers: ['tokyo'] },
  { question: 'What is the capital of Italy?', answers: ['rome'] },
  { question: 'How many days are there in a week?', answers: ['seven', '7'] },
  { question: 'How many months are there in a year?', answers: ['twelve', '12'] },
  { question: 'How many legs does a spider have?', answers: ['eight', '8'] },
  { question: 'Who wrote Romeo and Juliet?', answers: ['shakespeare'] },
  { question: 'Which planet is closest to the sun?', answers: ['mercury'] },
  { question: 'What is the largest ocean on Earth?', answers: ['pacific'] },
  { question: 'What is the chemical formula of water?', answers: ['h2o', 'h₂o'] },
  { question: 'Who was the first president of the United States?', answers: ['washington'] },
  { question: 'Which language is spoken in Brazil?', answers: ['portuguese'] },
  { question: 'What is the opposite of hot?', answers: ['cold'] },
  { question: 'What is two plus two?', answers: ['four', '4'] },
  { question: 'Which animal says meow?', answers: ['cat'] },
  { question: 'What is frozen water called?', answers: ['ice'] },
];

/** The longest answer, in tokens. */
export const FACT_TOKENS = 32;

/** The answer is one of the words of the reply. */
export function isRight({ answers }: Fact, reply: string): boolean {
  const said = new Set(reply.toLowerCase().match(/[\p{L}\p{N}₂]+/gu) ?? []);
  return answers.some((answer) => said.has(answer));
}
