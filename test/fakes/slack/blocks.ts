/** What Slack checks in the text and blocks of messages and pages. */
import type { Wire } from './types.js';

const TEXT = 40_000;
const MARKDOWN = 12_000;
const BLOCKS = 50;

/** Sentences about what is wrong, as `response_metadata.messages` brings them; empty where all is well. */
export function blockProblems(blocks: unknown, most = BLOCKS): string[] {
  if (!Array.isArray(blocks)) return ['[ERROR] must be an array [json-pointer:/blocks]'];
  const problems: string[] = [];
  if (blocks.length > most) problems.push(`[ERROR] no more than ${most} items allowed [json-pointer:/blocks]`);
  const markdown = blocks.filter(({ type }) => type === 'markdown').reduce((sum, { text }) => sum + text.length, 0);
  if (markdown > MARKDOWN) problems.push(`[ERROR] markdown must be less than ${MARKDOWN + 1} characters`);
  for (const [i, block] of blocks.entries()) {
    problems.push(...oneProblem(block).map((problem) => `[ERROR] ${problem} [json-pointer:/blocks/${i}]`));
  }
  return problems;
}

function oneProblem(block: Wire): string[] {
  switch (block.type) {
    case 'header':
      return [...textProblem(block.text, 150), ...(block.text?.type === 'plain_text' ? [] : ['must be plain_text'])];
    case 'section': {
      const fields = (block.fields ?? []) as Wire[];
      if (!block.text && fields.length === 0) return ['missing required field: text or fields'];
      return [
        ...(block.text ? textProblem(block.text, 3_000) : []),
        ...(fields.length > 10 ? ['no more than 10 fields'] : []),
        ...fields.flatMap((field) => textProblem(field, 2_000)),
      ];
    }
    case 'context':
      return (block.elements as Wire[]).flatMap((element) => textProblem(element, 3_000));
    case 'markdown':
      return typeof block.text === 'string' && block.text !== '' ? [] : ['missing required field: text'];
    case 'actions':
      return actionsProblem(block.elements as Wire[]);
    case 'divider':
      return [];
    default:
      return [`unsupported type: ${block.type}`];
  }
}

function actionsProblem(elements: readonly Wire[]): string[] {
  if (!Array.isArray(elements) || elements.length === 0) return ['must have at least one element'];
  const ids = elements.map(({ action_id }) => action_id);
  return [
    ...(elements.length > 25 ? ['no more than 25 elements'] : []),
    ...(new Set(ids).size < ids.length ? ['action_id must be unique'] : []),
    ...elements.flatMap(({ action_id, text, value, style }) => [
      ...(typeof action_id === 'string' && action_id !== '' && action_id.length <= 255 ? [] : ['bad action_id']),
      ...textProblem(text, 75),
      ...(value === undefined || (typeof value === 'string' && value.length <= 2_000) ? [] : ['bad value']),
      ...(style === undefined || style === 'primary' || style === 'danger' ? [] : ['bad style']),
    ]),
  ];
}

function textProblem(text: Wire | undefined, most: number): string[] {
  if (!text || typeof text.text !== 'string' || text.text === '') return ['must be more than 0 characters'];
  if (text.text.length > most) return [`must be less than ${most + 1} characters`];
  return text.type === 'plain_text' || text.type === 'mrkdwn' ? [] : ['unknown text type'];
}

/** The error for a message that is posted or changed; undefined where it may be. */
export function messageProblem(text: string | undefined, blocks: unknown): Wire | undefined {
  if (blocks !== undefined) {
    const messages = blockProblems(blocks);
    if (messages.length > 0) return { error: 'invalid_blocks', response_metadata: { messages } };
  }
  if (text && text.length > TEXT) return { error: 'msg_too_long' };
  if (!text && !(Array.isArray(blocks) && blocks.length > 0)) return { error: 'no_text' };
  return undefined;
}

/** The buttons of a message or page, by label. */
export function buttonsIn(blocks: readonly Wire[]): Map<string, Wire> {
  const elements = blocks.filter(({ type }) => type === 'actions').flatMap((block) => block.elements as Wire[]);
  return new Map(elements.map((element) => [element.text.text as string, element]));
}

/** Every text of a message or page, in order. */
export function textIn(blocks: readonly Wire[]): string {
  return blocks
    .flatMap((block) => [
      typeof block.text === 'string' ? block.text : block.text?.text,
      ...((block.fields ?? []) as Wire[]).map(({ text }) => text),
      ...(block.type === 'context' ? (block.elements as Wire[]).map(({ text }) => text) : []),
    ])
    .filter(Boolean)
    .join('\n');
}
