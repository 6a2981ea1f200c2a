/** OAuth version 2: the page where an admin agrees, codes, tokens, and their rotation. */
import { Refusal } from './methods/method.js';
import type { Install, Team, User, Wire } from './types.js';
import type { World } from './world.js';

interface Grant {
  team: Team;
  user: User;
  scopes: string[];
  redirectUri: string;
  wholeEnterprise: boolean;
}

const ROTATION_SECONDS = 43_200;

export class OAuth {
  /** Whether tokens expire and are renewed. */
  rotates = false;
  /** Seconds the first token of an installation is good for; renewed ones are for twelve hours. */
  expiresIn = ROTATION_SECONDS;
  private readonly codes = new Map<string, Grant>();
  private readonly refresh = new Map<string, Install>();

  constructor(private readonly world: World) {}

  /** An admin agrees on the page that `authorizeUrl` names: the address they are sent back to. */
  agree(authorizeUrl: string, user: User, { wholeEnterprise = false } = {}): string {
    const query = new URL(authorizeUrl).searchParams;
    if (query.get('client_id') !== this.world.secrets.clientId) throw new Error('bad_client_id');
    const team = this.world.teams.get(user.teamId) as Team;
    const code = this.world.id('code');
    const redirectUri = query.get('redirect_uri') ?? '';
    const scopes = (query.get('scope') ?? '').split(',');
    this.codes.set(code, { team, user, scopes, redirectUri, wholeEnterprise });
    const back = new URL(redirectUri);
    back.searchParams.set('code', code);
    back.searchParams.set('state', query.get('state') ?? '');
    return back.href;
  }

  /** oauth.v2.access */
  access(body: Wire): Wire {
    const { clientId, clientSecret, appId } = this.world.secrets;
    if (body.client_id !== clientId) throw new Refusal('invalid_client_id');
    if (body.client_secret !== clientSecret) throw new Refusal('bad_client_secret');
    if (body.grant_type === 'refresh_token') return this.renew(body.refresh_token);
    const grant = this.codes.get(body.code);
    if (!grant) throw new Refusal('invalid_code');
    this.codes.delete(body.code);
    if ((body.redirect_uri ?? '') !== grant.redirectUri) throw new Refusal('bad_redirect_uri');
    const { team, user, scopes, wholeEnterprise } = grant;
    const install = this.world.install(team, scopes, { wholeEnterprise });
    return {
      app_id: appId,
      access_token: install.token,
      token_type: 'bot',
      scope: scopes.join(','),
      bot_user_id: install.botUserId,
      team: wholeEnterprise ? null : { id: team.id, name: team.name },
      enterprise: team.enterpriseId ? { id: team.enterpriseId, name: 'org' } : null,
      is_enterprise_install: wholeEnterprise,
      authed_user: { id: user.id },
      ...this.rotation(install, this.expiresIn),
    };
  }

  private rotation(install: Install, seconds: number): Wire {
    if (!this.rotates) return {};
    const token = `xoxe-1-${this.world.id('R')}`;
    this.refresh.set(token, install);
    return { refresh_token: token, expires_in: seconds };
  }

  private renew(token: string): Wire {
    const install = this.refresh.get(token);
    if (!install) throw new Refusal('invalid_refresh_token');
    this.refresh.delete(token);
    install.token = `xoxe.xoxb-1-${this.world.id('K')}`;
    const { enterpriseId, teamId, botUserId, scopes } = install;
    return {
      access_token: install.token,
      token_type: 'bot',
      scope: scopes.join(','),
      bot_user_id: botUserId,
      app_id: this.world.secrets.appId,
      team: teamId ? { id: teamId } : null,
      enterprise: enterpriseId ? { id: enterpriseId } : null,
      is_enterprise_install: teamId === null,
      ...this.rotation(install, ROTATION_SECONDS),
    };
  }
}
