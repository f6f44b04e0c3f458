import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { WebTierStack } from './stacks/web-tier';
const app = new App(); const s = new WebTierStack(app,'WebTier');
const t = Template.fromStack(s).toJSON();
const keep = Object.fromEntries(Object.entries<any>(t.Resources).filter(([k])=>/^Audit/.test(k) && !/Archive(Logs|Budget)/.test(k)));
console.log(JSON.stringify(keep,null,1));
