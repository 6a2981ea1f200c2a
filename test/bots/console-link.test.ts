/** /taste hands out the way to the console: to its member alone, for an hour, and not where it leads nowhere. */
import { afterEach, describe, expect, it } from 'vitest';
import { consoleOn, LANGUAGES } from '../../bots/kit/index.js';
import { createPalateClient } from '../../src/client/index.js';
import { type BotFixture as DiscordHouse, openBotFixture as openDiscord } from './discord/fixture.js';
import { openBotFixture as openSlack, type BotFixture as SlackHouse, textOf } from './slack/fixture.js';

const PUBLIC = 'https://palate.example';
const NOW = Date.parse('2030-01-01T00:00:00Z');
const page = { title: 'Your taste', text: [], fields: [], buttons: [] };
const token = (url: string, minutes = 60) => ({ url, expiresAt: new Date(NOW + 60_000 * minutes).toISOString() });

describe.each(LANGUAGES)('the page, $tag', (words) => {
  it('says how long the link is good', () => {
    const url = `${PUBLIC}/#token=abc`;
    const { fields, link } = consoleOn(page, token(url), words, NOW);
    expect(link).toEqual({ label: words.console.open, url });
    expect(fields[0].value).toContain('60');
    expect(consoleOn(page, token(url, 5), words, NOW).fields[0].value).toMatch(/\b5|5分/);
  });

  it.each(['http://127.0.0.1:4000', 'http://localhost:4000', 'http://[::1]:4000', 'http://palate.localhost'])(
    'hands no link out that leads to %s, and says why',
    (address) => {
      const { fields, link } = consoleOn(page, token(`${address}/#token=secret`), words, NOW);
      expect(link).toBeUndefined();
      expect(fields[0].value).toContain(address);
      expect(fields[0].value).toContain('PALATE_PUBLIC_URL');
      expect(JSON.stringify(fields)).not.toContain('secret');
    },
  );
});

let close = async () => {};
afterEach(() => close());

/** Whom a link lets in. */
async function memberOf(link: string, url: string): Promise<unknown> {
  expect(link).toMatch(/^https:\/\/palate\.example\/#token=/);
  const client = createPalateClient({ url, key: link.split('#token=')[1] });
  const { viewer } = await client.request('{ viewer { scope member { platform externalId } } }');
  await client.close();
  return viewer;
}

it('lets its member in, from Discord', async () => {
  const fixture: DiscordHouse = await openDiscord({ publicUrl: PUBLIC });
  close = fixture.close;
  const { discord, ada, channel, place } = fixture;
  const seen = discord.people.command(ada, channel.id, 'taste');
  const shown = await discord.until('the page', () => (seen.message?.embeds.length ? seen.message : undefined));
  expect(shown.ephemeralFor).toBe(ada.id);
  const buttons = shown.components.flatMap((row) => row.components as { url?: string }[]);
  const link = buttons.find(({ url }) => url)?.url ?? '';
  const expected = { scope: 'MEMBER', member: { platform: 'discord', externalId: ada.id } };
  expect(await memberOf(link, place.url)).toEqual(expected);
});

it('lets its member in, from Slack', async () => {
  const fixture: SlackHouse = await openSlack({ publicUrl: PUBLIC });
  close = fixture.close;
  const { slack, ada, channel, place } = fixture;
  const asked = slack.people.command(ada, channel, 'taste');
  const shown = await slack.until('the page', () =>
    asked.answers.find((message) => textOf(message).includes('In the browser')),
  );
  expect(shown.ephemeralFor).toBe(ada.id);
  const link = /"url":"([^"]+)"/.exec(JSON.stringify(shown.blocks))?.[1] ?? '';
  const expected = { scope: 'MEMBER', member: { platform: 'slack', externalId: ada.id } };
  expect(await memberOf(link, place.url)).toEqual(expected);
});
