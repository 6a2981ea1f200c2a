/** The kit's words where Slack's differ: one command with a word behind it, a workspace instead of a server. */
import { type EmojiMap, type Words, wordsFor } from '../kit/index.js';

interface Own {
  adminsOnly: string;
  exported: string;
  usage: string;
  thinking: string;
  /** Like `thinking`, behind the bot's name. */
  inLine(ahead: number, seconds: number): string;
  inDirect: string;
  /** `bot`: its mention. */
  inviteMe(channel: string, bot: string): string;
  archived(channel: string): string;
  /** Four things to ask, beside a conversation that begins. */
  suggested: readonly [string, string, string, string];
}

const OWN: Readonly<Record<string, Own>> = {
  en: {
    adminsOnly: 'Only people who may manage this workspace can do that.',
    exported: 'This text holds your taste. You can import it elsewhere.',
    usage:
      '`/palate ask …` asks, `/palate taste` shows what was learned, `/palate tune` teaches it in two minutes, `/palate consent` says what may be learned, `/palate settings` is for admins.',
    thinking: 'is writing…',
    inLine: (ahead, seconds) => `has ${ahead} before you, about ${seconds} s…`,
    inDirect: 'I have written to you in a direct message.',
    inviteMe: (channel, bot) => `I am not in ${channel}. Write \`/invite\` ${bot} there, and ask again.`,
    archived: (channel) => `Nobody can write in ${channel} any more: it is archived.`,
    suggested: [
      'What should I cook tonight?',
      'Tell me something interesting.',
      'How do I get better at drawing?',
      'Recommend a book to me.',
    ],
  },
  de: {
    adminsOnly: 'Das können nur Leute, die diesen Workspace verwalten dürfen.',
    exported: 'Dieser Text enthält deinen Geschmack. Du kannst ihn anderswo einlesen.',
    usage:
      '`/palate ask …` fragt, `/palate taste` zeigt, was gelernt wurde, `/palate tune` lehrt es in zwei Minuten, `/palate consent` sagt, was gelernt werden darf, `/palate settings` ist für Admins.',
    thinking: 'schreibt…',
    inLine: (ahead, seconds) => `hat ${ahead} vor dir, etwa ${seconds} s…`,
    inDirect: 'Ich habe dir eine Direktnachricht geschrieben.',
    inviteMe: (channel, bot) => `Ich bin nicht in ${channel}. Schreib dort \`/invite\` ${bot}, und frag noch einmal.`,
    archived: (channel) => `In ${channel} kann niemand mehr schreiben: Der Kanal ist archiviert.`,
    suggested: [
      'Was soll ich heute Abend kochen?',
      'Erzähl mir etwas Interessantes.',
      'Wie lerne ich besser zeichnen?',
      'Empfiehl mir ein Buch.',
    ],
  },
  ja: {
    adminsOnly: 'このワークスペースを管理できる人だけが使えます。',
    exported: 'このテキストにあなたの好みが入っています。ほかの場所で読み込めます。',
    usage:
      '`/palate ask …` で質問、`/palate taste` で学んだこと、`/palate tune` で好み合わせ、`/palate consent` で学習の可否、`/palate settings` は管理者用です。',
    thinking: '書いています…',
    inLine: (ahead, seconds) => `順番待ち：前に${ahead}件、約${seconds}秒…`,
    inDirect: 'ダイレクトメッセージを送りました。',
    inviteMe: (channel, bot) =>
      `${channel} に参加していません。そこで \`/invite\` ${bot} と書いてから、もう一度お聞きください。`,
    archived: (channel) => `${channel} はアーカイブされているため、もう書き込めません。`,
    suggested: ['今夜は何を作ろうかな。', '何か面白い話をして。', '絵がうまくなるには？', 'おすすめの本は？'],
  },
};

export type SlackWords = Words & { slack: Omit<Own, 'adminsOnly' | 'exported'> };

const made = new Map<string, SlackWords>();

/** The words for a locale as Slack names it, `de-DE`. */
export function slackWords(locale: string | null | undefined): SlackWords {
  const words = wordsFor(locale);
  const known = made.get(words.tag);
  if (known) return known;
  const { adminsOnly, exported, ...slack } = OWN[words.tag] ?? OWN.en;
  const command = (text: string) => text.replaceAll(/\/(taste|tune|consent)\b/g, '/palate $1');
  const own: SlackWords = {
    ...words,
    problem: { ...words.problem, adminsOnly },
    consent: { ...words.consent, question: command(words.consent.question) },
    taste: { ...words.taste, exported, nothing: command(words.taste.nothing) },
    slack,
  };
  made.set(words.tag, own);
  return own;
}

/** The table with emoji as they are written in texts. */
export function writtenEmoji(emojiMap: EmojiMap): EmojiMap {
  const written = Object.entries(emojiMap).map(([mark, names]) => [mark, names.map((name) => `:${name}:`)]);
  return Object.fromEntries(written) as EmojiMap;
}
