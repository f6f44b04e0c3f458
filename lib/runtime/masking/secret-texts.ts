/**
 * Secrets with a known format, in any place of a text. Every repetition is bounded, or the text it reads is masked or
 * skipped, so no part is read more than a few times: a megabyte of one letter must not cost minutes.
 */

/** Prefixes that issuers give their keys so that they can be found, and addresses that are keys. */
const ISSUED: readonly RegExp[] = [
  /\b(?:Bearer|Basic)\s{1,3}[A-Za-z0-9._~+/-]{8,}={0,2}/gi,
  // Amazon Web Services, GitHub, GitLab
  /(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}/g,
  /gh[pousr]_[A-Za-z0-9]{20,}/g,
  /github_pat_[A-Za-z0-9_]{20,}/g,
  /gl(?:pat|dt|rt|rtr|cbt|ptt|ft|imt|agent|oas|soat|ffct)-[A-Za-z0-9_.-]{16,}/g,
  // Slack, Discord, Telegram, Teams
  /xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}/g,
  /xapp-[A-Za-z0-9-]{10,}/g,
  /hooks\.slack\.com\/(?:services|workflows|triggers)\/[A-Za-z0-9_/-]{8,}/g,
  /discord(?:app)?\.com\/api\/webhooks\/[A-Za-z0-9_/-]{8,}/g,
  /webhook\.office\.com\/[A-Za-z0-9_/@.-]{8,}/g,
  /(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{33}/g,
  // Stripe, Square, Shopify, Razorpay, Braintree
  /(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}/g,
  /whsec_[A-Za-z0-9+/=]{16,}/g,
  /sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{20,}/g,
  /shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32,}/g,
  /rzp_(?:live|test)_[A-Za-z0-9]{10,}/g,
  /access_token\$(?:production|sandbox)\$[a-z0-9$]{16,}/g,
  // Google, Azure, Cloudflare Origin CA, DigitalOcean, Databricks, Heroku's and HashiCorp's
  /AIza[0-9A-Za-z_-]{35,}/g,
  /ya29\.[0-9A-Za-z_.-]{16,}/g,
  /GOCSPX-[0-9A-Za-z_-]{20,}/g,
  /(?<![0-9A-Za-z/])1\/\/0[0-9A-Za-z_-]{30,}/g,
  /[0-9A-Za-z_~.-]{3}8Q~[0-9A-Za-z_~.-]{31,34}/g,
  /(?<![0-9a-z])v1\.0-[0-9a-f]{24}-[0-9a-f]{100,}/g,
  /do[opr]_v1_[a-f0-9]{64,}/g,
  /dapi[a-f0-9]{32,}/g,
  /HRKU-[A-Za-z0-9_-]{30,}/g,
  /hv[sbr]\.[A-Za-z0-9_-]{20,}/g,
  /[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{40,}/g,
  // Package registries and builds
  /npm_[A-Za-z0-9]{36,}/g,
  /pypi-[A-Za-z0-9_-]{50,}/g,
  /dckr_pat_[A-Za-z0-9_-]{20,}/g,
  /rubygems_[a-f0-9]{48,}/g,
  /oy2[a-z0-9]{43,}/g,
  // Models
  /hf_[A-Za-z0-9]{30,}/g,
  /(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,}/g,
  /r8_[A-Za-z0-9]{37,}/g,
  // Twilio, SendGrid, Mailgun, Mailchimp
  /(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![0-9A-Za-z])/g,
  /SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}/g,
  /(?<![A-Za-z0-9])key-[0-9a-f]{32}/g,
  /(?<![A-Za-z0-9])[0-9a-f]{32}-us\d{1,2}(?!\d)/g,
  // Observability, work and documents
  /NRAK-[A-Z0-9]{27,}/g,
  /gl(?:c|sa)_[A-Za-z0-9+/=_]{32,}/g,
  /sntr(?:ys|yu)_[A-Za-z0-9+/=_-]{32,}/g,
  /ATATT3[A-Za-z0-9_=-]{50,}/g,
  /PMAK-[a-f0-9-]{40,}/g,
  /lin_(?:api|oauth)_[A-Za-z0-9]{30,}/g,
  /ntn_[A-Za-z0-9]{40,}/g,
  /sbp_[a-f0-9]{40,}/g,
  /dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9]{40,}/g,
  // age
  /AGE-SECRET-KEY-1[0-9A-Z]{40,}/gi,
];

const JWT_START = /ey[JA]|ewo/g;
/** Three parts when signed, five when encrypted. */
const MOST_JWT_PARTS = 5;
const SHORTEST_JWT_HEADER = 11;
const KEY_BEGIN = /-{4,5} ?BEGIN(?:[ +A-Z0-9]|%20){1,60}?PRIVATE(?:[ +]|%20)KEY/g;
const KEY_END = /-{4,5} ?END[^-]{0,80}(?:-{4,5})?/g;
const PUTTY_KEY = /Private-Lines:[\s\S]*?(?:Private-MAC:\s{0,3}[0-9a-f]+|$)/g;
const SCHEME_END = '://';
const URL_END = /[\s"'<>`\\]|:\/\//g;
/** `user:password@host` without a scheme, as Go's MySQL driver takes it; with dots in the host it is an address. */
const DRIVER_ADDRESS = /(?<![\w.-])[\w.-]{1,64}:[^\s:@/"'<>[\]]{1,128}(?=@(?:(?:tcp|unix)\(|[\w-]{1,63}(?![\w.-])))/g;
const ORACLE_ADDRESS = /(?<=jdbc:oracle:[a-z]{2,8}:)[\w.$-]{1,64}\/[^\s@/"'<>[\]]{1,128}(?=@)/g;
const AT_SIGN = /[@\uff20]|%(?:25){0,4}40/gi;
const LOCAL_PART = /[\p{L}\p{N}\p{M}._%+\-~!#$^*|]/u;
const DOMAIN =
  /(?:[\p{L}\p{N}\p{M}](?:[\p{L}\p{N}\p{M}-]{0,62}[.\u3002]))(?:[\p{L}\p{N}\p{M}-]{1,63}[.\u3002]){0,8}\p{L}[\p{L}\p{N}\p{M}-]{1,62}|\[[0-9A-Fa-f:.IPv]{3,48}\]/uy;
const LONGEST_LOCAL_PART = 256;

/** The text with every secret of a known format replaced. */
export function replaceSecretTexts(text: string, mask: string): string {
  let masked = replaceKeys(text, mask).replace(PUTTY_KEY, mask);
  masked = replaceUserInfo(masked, mask).replace(DRIVER_ADDRESS, mask).replace(ORACLE_ADDRESS, mask);
  masked = replaceJwts(masked, mask);
  for (const pattern of ISSUED) masked = masked.replace(pattern, mask);
  return replaceAddresses(masked, mask);
}

/** Private keys in PEM, with any text between the two lines; one that is cut off is masked to the end of the text. */
function replaceKeys(text: string, mask: string): string {
  return pieces(text, KEY_BEGIN, mask, (match) => {
    KEY_END.lastIndex = match.index + match[0].length;
    return { start: match.index, end: KEY_END.exec(text) ? KEY_END.lastIndex : text.length };
  });
}

/** User and password of `scheme://user:password@host`. */
function replaceUserInfo(text: string, mask: string): string {
  const kept: string[] = [];
  let from = 0;
  for (let at = text.indexOf(SCHEME_END); at >= 0; ) {
    const start = at + SCHEME_END.length;
    URL_END.lastIndex = start;
    const end = URL_END.exec(text)?.index ?? text.length;
    const length = userInfoLength(text.slice(start, end));
    if (length > 0) {
      kept.push(text.slice(from, start), mask);
      from = start + length;
    }
    at = text.indexOf(SCHEME_END, end);
  }
  return from === 0 ? text : `${kept.join('')}${text.slice(from)}`;
}

function userInfoLength(address: string): number {
  const authority = address.search(/[/?#]/);
  const at = (authority < 0 ? address : address.slice(0, authority)).lastIndexOf('@');
  if (at >= 0) return at;
  // A password with a slash in it; after a port number it is a path.
  return /^[^/?#@:]{0,128}:(?!\d{1,5}[/?#])/.test(address) ? Math.max(0, address.lastIndexOf('@')) : 0;
}

/** JSON web tokens, signed or encrypted, of any length. */
function replaceJwts(text: string, mask: string): string {
  return pieces(text, JWT_START, mask, ({ index }) => {
    const header = tokenEnd(text, index);
    let end = header;
    let parts = 1;
    while (parts < MOST_JWT_PARTS && text[end] === '.') {
      end = tokenEnd(text, end + 1);
      parts++;
    }
    const isToken = header - index >= SHORTEST_JWT_HEADER && end - header > 2;
    return isToken ? { start: index, end } : { start: header, end: header };
  });
}

function tokenEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length && isTokenCharacter(text.charCodeAt(at))) at++;
  return at;
}

function isTokenCharacter(code: number): boolean {
  const isLetter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
  return isLetter || (code >= 48 && code <= 57) || code === 45 || code === 95;
}

/** E-mail addresses, also of international domains and as a URL escapes them. */
function replaceAddresses(text: string, mask: string): string {
  let previous = 0;
  return pieces(text, AT_SIGN, mask, ({ index, 0: { length } }) => {
    const nothing = { start: index, end: index };
    DOMAIN.lastIndex = index + length;
    if (!DOMAIN.test(text)) return nothing;
    const limit = Math.max(previous, index - LONGEST_LOCAL_PART);
    let start = index;
    while (start > limit && isLocalPart(text, start)) start--;
    if (start === index) return nothing;
    previous = DOMAIN.lastIndex;
    return { start, end: previous };
  });
}

function isLocalPart(text: string, end: number): boolean {
  const code = text.charCodeAt(end - 1);
  return (code >= 97 && code <= 122) || LOCAL_PART.test(text[end - 1]) || (code >= 0xd800 && code <= 0xdfff);
}

/** Replaces the ranges that `rangeOf` finds; an empty one moves the search on to its start. */
function pieces(
  text: string,
  pattern: RegExp,
  mask: string,
  rangeOf: (match: RegExpExecArray) => { readonly start: number; readonly end: number },
): string {
  const kept: string[] = [];
  let from = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const { start, end } = rangeOf(match);
    pattern.lastIndex = Math.max(end, match.index + match[0].length);
    if (end === start) continue;
    kept.push(text.slice(from, start), mask);
    from = end;
  }
  return from === 0 ? text : `${kept.join('')}${text.slice(from)}`;
}
