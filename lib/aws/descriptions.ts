/** Descriptions that contain a construct id, which may be in any script; each service accepts only some characters. */

/** A description of an IAM role: Latin-1 without controls, at most 1,000 characters (IAM API reference, `CreateRole`). */
export function roleDescription(text: string): string {
  return text.replace(/[^\t\n\r\x20-\x7e\xa1-\xff]/g, '_').slice(0, 1000);
}

/** A description of a security group or of a rule: at most 255 of these characters (EC2 API reference, `CreateSecurityGroup`). */
export function groupDescription(text: string): string {
  return text.replace(/[^A-Za-z0-9 ._\-:/()#,@[\]+=&;{}!$*]/g, '_').slice(0, 255);
}

/** The text, cut to at most `most` UTF-16 units and never in the middle of a character. */
export function cut(text: string, most: number): string {
  return text.slice(0, most).replace(/[\ud800-\udbff]$/, '');
}
