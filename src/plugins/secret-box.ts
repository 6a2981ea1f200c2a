/** Secrets at rest: AES-256-GCM under a key that lies beside the database, not in it. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Settings, secretKeyFile, VARIABLES } from '../common/config.js';
import { messageOf, PalateError } from '../common/errors.js';
import { keepOnce } from '../common/whole-files.js';

const CIPHER = 'aes-256-gcm';
/** Bytes of the key, of a message's nonce, and of its tag. */
const [KEY, NONCE, TAG] = [32, 12, 16];

export interface SecretBox {
  /** Base64 of nonce, tag and ciphertext. `place` says where it belongs: it opens nowhere else. */
  seal(text: string, place: string): string;
  /** Null for what was not sealed with this key and for this place. */
  open(sealed: string, place: string): string | null;
}

export function secretBox(key: Uint8Array): SecretBox {
  return {
    seal: (text, place) => {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG }).setAAD(Buffer.from(place));
      const hidden = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), hidden]).toString('base64');
    },
    open: (sealed, place) => {
      const bytes = Buffer.from(sealed, 'base64');
      if (bytes.length < NONCE + TAG) return null;
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE), { authTagLength: TAG })
        .setAAD(Buffer.from(place))
        .setAuthTag(bytes.subarray(NONCE, NONCE + TAG));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(NONCE + TAG)), decipher.final()]).toString('utf8');
      } catch {
        return null;
      }
    },
  };
}

/**
 * The key for secrets: from the settings, else from the data folder, else a new one, kept there readable for its owner only.
 * @throws PalateError BAD_USER_INPUT when the file cannot be read or written, or holds no key
 */
export async function ensureSecretKey(settings: Pick<Settings, 'data' | 'secretKey'>): Promise<Uint8Array> {
  if (settings.secretKey) return Buffer.from(settings.secretKey, 'base64');
  const file = secretKeyFile(settings);
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    // On disk before anything is sealed with it.
    const { text } = await keepOnce(file, () => `${randomBytes(KEY).toString('base64')}\n`, 0o600);
    await chmod(file, 0o600);
    const key = Buffer.from(text.trim(), 'base64');
    if (key.length !== KEY) throw new Error(`it holds no key of ${KEY} bytes in base64`);
    return key;
  } catch (error) {
    throw unusable(file, messageOf(error));
  }
}

function unusable(file: string, reason: string): PalateError {
  return new PalateError(
    'BAD_USER_INPUT',
    `The key file ${file} is not usable: ${reason}. Restore it or set ${VARIABLES.secretKey}; or remove it, and enter the plugins' secrets again.`,
  );
}
