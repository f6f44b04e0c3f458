/** Nobody installs all peers: a part says what is missing, and the command that brings it. */
import { needPeers } from '../lib/peers';

function without(...missing: string[]) {
  return (name: string) => {
    if (missing.includes(name)) throw Object.assign(new Error(`no ${name}`), { code: 'MODULE_NOT_FOUND' });
    return name;
  };
}

test('a part whose peers are there begins', () => {
  expect(() => needPeers('aws')).not.toThrow();
  expect(() => needPeers('gcp.fromChart', without())).not.toThrow();
});

test('what is missing is named with the range that is asked for, all of it at once', () => {
  expect(() => needPeers('k8s', without('cdk8s', 'cdk8s-plus-28'))).toThrow(
    /^backpressure-constructs\/k8s needs cdk8s and cdk8s-plus-28 beside it: npm install 'cdk8s@\^2\.\d+\.\d+' 'cdk8s-plus-28@\^2\.\d+\.\d+'$/,
  );
});

test('Pulumi, which the manifest cannot name as a peer, is asked for in the range that is tested', () => {
  expect(() => needPeers('gcp', without('@pulumi/gcp'))).toThrow(/npm install '@pulumi\/gcp@\^\d+\.\d+\.\d+'$/);
});

test('a package that is there and cannot be loaded is no missing one', () => {
  const broken = () => {
    throw Object.assign(new Error('ERR'), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' });
  };
  expect(() => needPeers('aws', broken)).not.toThrow();
});
