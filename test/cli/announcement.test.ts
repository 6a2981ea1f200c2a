/** What a start says when it is done. */
import { expect, it } from 'vitest';
import { announcement } from '../../src/cli/announcement.js';

const LOCAL = 'http://127.0.0.1:4000';
const made = { key: 'the-key', created: true, file: '/data/admin-key' };
const kept = { ...made, created: false };

it('shows the key of the first start as a link, and later where it is kept', () => {
  const first = announcement(LOCAL, { origin: {} }, made);
  expect(first).toContain(`Console: ${LOCAL}/#key=the-key\n`);
  const later = announcement(LOCAL, { origin: {} }, kept);
  expect(later).toContain(`Console: ${LOCAL}\n`);
  expect(later).toContain('The admin key is kept in /data/admin-key\n');
  expect(later).not.toContain('the-key');
});

it('names the public address first where there is one, and the one of this machine beside it', () => {
  const settings = { publicUrl: 'https://palate.example.org/chat', origin: {} };
  expect(announcement(LOCAL, settings, made)).toMatch(
    /Console: https:\/\/palate\.example\.org\/chat\/#key=the-key\n {2}On this machine: http:\/\/127\.0\.0\.1:4000\/#key=the-key\n/,
  );
  expect(announcement(LOCAL, settings, kept)).toContain('Console: https://palate.example.org/chat\n');
});

it('does not show a key that was given, and says where it was', () => {
  const text = announcement(LOCAL, { origin: { adminKey: 'PALATE_ADMIN_KEY' } }, { ...kept, file: null });
  expect(text).toContain('The admin key is the one in PALATE_ADMIN_KEY\n');
  expect(text).not.toContain('the-key');
});
