/** Slack's own mark-up, mrkdwn, made from Markdown; and texts that can notify nobody. */

const CODE = /(```[\s\S]*?```|`[^`\n]+`)/;

/** A Markdown text as mrkdwn. What people or the model wrote stays text: no mentions, no links but real ones. */
export function toMrkdwn(markdown: string): string {
  return markdown
    .split(CODE)
    .map((part, i) => (i % 2 === 1 ? code(part) : prose(part)))
    .join('');
}

/** The three characters that mrkdwn reads as its own. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Markdown in which nothing is a mention for Slack: an invisible character stands where one would begin. */
export function withoutMentions(markdown: string): string {
  return markdown
    .replaceAll(/<(?=[@!#])/g, '<\u2060')
    .replaceAll(/(^|[^\w`])@(?=(here|channel|everyone)\b)/g, '$1@\u2060');
}

function code(part: string): string {
  return escapeText(part.replace(/^```[\w+-]+\n/, '```\n'));
}

function prose(part: string): string {
  const links: string[] = [];
  const held = part.replaceAll(/!?\[([^\]\n]*)\]\((https?:\/\/[^\s)]+)\)/g, (_, label: string, url: string) => {
    const target = escapeText(url).replaceAll('|', '%7C');
    const text = escapeText(label).replaceAll('|', '¦');
    links.push(text === '' ? `<${target}>` : `<${target}|${text}>`);
    return `\ue000${links.length - 1}\ue000`;
  });
  return escapeText(held)
    .replaceAll(/^ {0,3}#{1,6}\s+(.+?)\s*#*$/gm, (_, title: string) => `\ue001${title.replaceAll('**', '')}\ue001`)
    .replaceAll(/^(\s*)[*+-]\s+/gm, '$1• ')
    .replaceAll(/(\*\*|__)(?=\S)([\s\S]*?\S)\1/g, '\ue001$2\ue001')
    .replaceAll(/(?<![\w*])\*(?=\S)([^*\n]*?\S)\*(?![\w*])/g, '_$1_')
    .replaceAll(/~~(?=\S)([\s\S]*?\S)~~/g, '~$1~')
    .replaceAll(/^&gt; ?/gm, '> ')
    .replaceAll('\ue001', '*')
    .replaceAll(/\ue000(\d+)\ue000/g, (_, i: string) => links[Number(i)]);
}
