/** response_url: how an app answers a command or a press afterwards, five times in half an hour. */
import { messageProblem } from './blocks.js';
import type { Message, Wire } from './types.js';
import type { World } from './world.js';

const RESPONSES = 5;

/** Takes an answer in; the status and text of the reply. */
export function respond(world: World, id: string, body: Wire): { status: number; text: string } {
  const interaction = world.interactions.get(id);
  if (!interaction) return { status: 404, text: 'expired_url' };
  if (interaction.responses >= RESPONSES) return { status: 404, text: 'used_url' };
  interaction.responses++;
  const { message } = interaction;
  if (body.delete_original) {
    if (message && message.ephemeralFor === undefined) world.deleteMessage(message);
    return { status: 200, text: 'ok' };
  }
  const problem = messageProblem(body.text, body.blocks);
  if (problem) return { status: 400, text: problem.error };
  const content = { text: body.text ?? '', blocks: body.blocks ?? [] };
  if (body.replace_original && message) {
    Object.assign(message, content);
    message.edits++;
    world.changed();
    return { status: 200, text: 'ok' };
  }
  const channel = interaction.channel as string;
  const install = world.installIn(world.channel(channel).teamId);
  const posted: Message = world.addMessage({
    channel,
    user: install?.botUserId ?? '',
    ...content,
    threadTs: body.thread_ts,
    ...(body.response_type !== 'in_channel' && { ephemeralFor: interaction.userId }),
  });
  interaction.answers.push(posted);
  world.changed();
  return { status: 200, text: 'ok' };
}
