/**
 * Where the app is installed, kept in the plugin's storage. Tokens lie there sealed (AES-256-GCM) under a key made from
 * the app's client secret: whoever reads the rows alone cannot act for a workspace.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Installation, InstallationQuery, InstallationStore } from '@slack/bolt';
import type { PluginStorage } from '../../src/plugins/contract.js';

const CIPHER = 'aes-256-gcm';
const NONCE = 12;
const TAG = 16;

export class Installations implements InstallationStore {
  private readonly key: Buffer;
  private readonly known = new Map<string, Installation>();

  constructor(
    private readonly storage: PluginStorage,
    clientSecret: string,
  ) {
    this.key = Buffer.from(hkdfSync('sha256', clientSecret, 'palate', 'slack installations', 32));
  }

  async storeInstallation(installation: Installation): Promise<void> {
    const scope = scopeOfInstallation(installation);
    // The admin's own token is not needed, and so not kept.
    const kept = { ...installation, user: { id: installation.user.id, token: undefined, scopes: undefined } };
    await this.storage.set(`install/${scope}`, this.seal(JSON.stringify(kept), scope));
    this.known.set(scope, kept as Installation);
  }

  /** @throws Error where the app is not installed there */
  async fetchInstallation(query: InstallationQuery<boolean>): Promise<Installation> {
    const found = await this.find(scopesOf(query));
    if (!found) throw new Error('The app is not installed there.');
    return found;
  }

  async deleteInstallation(query: InstallationQuery<boolean>): Promise<void> {
    for (const scope of scopesOf(query).slice(0, 1)) await this.remove(scope);
  }

  async remove(scope: string): Promise<void> {
    this.known.delete(scope);
    await this.storage.delete(`install/${scope}`);
  }

  /** Every workspace and organisation that has the app. */
  async scopes(): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of this.storage.list('install/')) found.push(key.slice('install/'.length));
    return found;
  }

  async of(scope: string): Promise<Installation | null> {
    return this.find([scope]);
  }

  private async find(scopes: readonly string[]): Promise<Installation | null> {
    for (const scope of scopes) {
      const held = this.known.get(scope);
      if (held) return held;
      const text = await this.storage.get(`install/${scope}`);
      if (text === null) continue;
      const installation = JSON.parse(this.open(text, scope)) as Installation;
      this.known.set(scope, installation);
      return installation;
    }
    return null;
  }

  private seal(text: string, scope: string): string {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv(CIPHER, this.key, nonce).setAAD(Buffer.from(scope));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
  }

  /** @throws Error where the client secret is another one than at installation */
  private open(text: string, scope: string): string {
    const bytes = Buffer.from(text, 'base64');
    const decipher = createDecipheriv(CIPHER, this.key, bytes.subarray(0, NONCE)).setAAD(Buffer.from(scope));
    decipher.setAuthTag(bytes.subarray(NONCE, NONCE + TAG));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(NONCE + TAG)), decipher.final()]).toString('utf8');
    } catch {
      throw new Error('The installation was kept under another client secret. Install the app there again.');
    }
  }
}

/** What an installation covers: an organisation, or one workspace. */
export function scopeOfInstallation({ isEnterpriseInstall, enterprise, team }: Installation): string {
  const scope = isEnterpriseInstall ? enterprise?.id : team?.id;
  if (!scope) throw new Error('The installation names neither a workspace nor an organisation.');
  return scope;
}

/** The installations that could serve a request, the nearest first. */
function scopesOf({ isEnterpriseInstall, teamId, enterpriseId }: InstallationQuery<boolean>): string[] {
  const scopes = isEnterpriseInstall ? [enterpriseId] : [teamId, enterpriseId];
  return scopes.filter((scope): scope is string => scope !== undefined);
}
