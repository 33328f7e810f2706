/* Written by rules/patterns.py from the rules in jupyter_qcred/detect: change them there. */
import type { IRule } from './rule';

export const rules: readonly IRule[] = [
  {
    "id": "aws-access-key-id",
    "title": "Access key id of AWS",
    "vendor": "AWS",
    "credential": "amazon-braket",
    "field": "access_key",
    "priority": 3,
    "anchors": [
      "akia",
      "asia",
      "abia",
      "acca"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 3.0,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01+/-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>A(?:KIA|SIA|BIA|CCA)[2-7A-Z]{16})(?![\\x01+/-9=A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "aws-secret-key",
    "title": "Secret access key of AWS",
    "vendor": "AWS",
    "credential": "amazon-braket",
    "field": "secret_key",
    "priority": 2,
    "anchors": [
      "aws",
      "secretaccesskey",
      "secret_access_key",
      "secret_key",
      "secretkey",
      "braket",
      "akia",
      "asia"
    ],
    "near": [
      120,
      200
    ],
    "context": [],
    "context_reach": 160,
    "unless": [
      "sha",
      "digest",
      "hash",
      "integrity",
      "checksum",
      "commit"
    ],
    "entropy": 4.0,
    "needs": [
      "upper",
      "lower",
      "digit"
    ],
    "checks": [
      "random"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01+\\--9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>(?:(?:[+0-9A-Za-z]|\\\\{0,3}\\/)){40})(?![\\x01+\\-/-9=A-Z_a-z])",
    "lead": "(?=[+/-9A-Z\\\\a-z]{40})(?:(?<![\\x01+\\--9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))"
  },
  {
    "id": "aws-session-token",
    "title": "Session token of AWS STS",
    "vendor": "AWS",
    "credential": "amazon-braket",
    "field": "session_token",
    "priority": 3,
    "anchors": [
      "iqojb3jpz2lu",
      "fwogzxivyxdz",
      "fqogzxivyxdz"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 0.0,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01+/-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)(?=(?<a1>(?:(?:[%+0-9=A-Za-z]|\\\\{0,3}\\/)){60,4096}))\\k<a1>)(?!\\x01)",
    "lead": ""
  },
  {
    "id": "azure-access-token",
    "title": "Access token of Microsoft Entra ID",
    "vendor": "Microsoft",
    "credential": "",
    "field": "",
    "priority": 4,
    "anchors": [
      "eyj"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 0.0,
    "needs": [],
    "checks": [
      "jwt"
    ],
    "payload": [
      "sts.windows.net",
      "login.microsoftonline.com",
      "quantum.microsoft.com"
    ],
    "stop": [],
    "regex": "(?:(?<![\\x01\\-.0-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>eyJ(?=(?<a1>[\\-0-9A-Z_a-z]{8,2048}))\\k<a1>\\.(?=(?<a2>[\\-0-9A-Z_a-z]{8,8192}))\\k<a2>\\.(?=(?<a3>[\\-0-9A-Z_a-z]{8,2048}))\\k<a3>)(?![\\x01\\-0-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "azure-client-secret",
    "title": "Client secret of Microsoft Entra ID",
    "vendor": "Microsoft",
    "credential": "azure-quantum",
    "field": "client_secret",
    "priority": 3,
    "anchors": [
      "0q~",
      "1q~",
      "2q~",
      "3q~",
      "4q~",
      "5q~",
      "6q~",
      "7q~",
      "8q~",
      "9q~"
    ],
    "near": [
      4,
      0
    ],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 3.5,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01\\-.0-9A-Z_a-z~])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>[.0-9A-Z_a-z~]{3}[0-9]Q~[\\-.0-9A-Z_a-z~]{31,34})(?![\\x01\\-0-9A-Z_a-z~])",
    "lead": "(?=[.0-9A-Z_a-z~]{3}[0-9]Q~)(?:(?<![\\x01\\-.0-9A-Z_a-z~])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))"
  },
  {
    "id": "azure-quantum",
    "title": "Access key in the connection string of an Azure Quantum workspace",
    "vendor": "Microsoft",
    "credential": "azure-quantum",
    "field": "",
    "priority": 4,
    "anchors": [
      "apikey=",
      "workspacekey="
    ],
    "near": [],
    "context": [
      "quantumendpoint=",
      "workspacename="
    ],
    "context_reach": 160,
    "unless": [],
    "entropy": 3.5,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?<!\\x01)(?:(?:[Aa][Pp][Ii\\u0130\\u0131][Kk\\u212a][Ee][Yy]|[Ww][Oo][Rr][Kk\\u212a][Ss\\u017f][Pp][Aa][Cc][Ee][Kk\\u212a][Ee][Yy]))=(?<secret>(?=(?<a1>[+\\-/-9=A-Z_a-z]{20,256}))\\k<a1>)(?!\\x01)",
    "lead": ""
  },
  {
    "id": "azure-quantum-key",
    "title": "Access key of an Azure Quantum workspace, alone",
    "vendor": "Microsoft",
    "credential": "azure-quantum",
    "field": "",
    "priority": 3,
    "anchors": [
      "azqu"
    ],
    "near": [
      80,
      0
    ],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 4.3,
    "needs": [
      "upper",
      "lower",
      "digit"
    ],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01+\\-/-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>[\\-0-9A-Z_a-z]{70,80}AZQU[\\-0-9A-Z_a-z]{4,10})(?![\\x01+\\-/-9=A-Z_a-z])",
    "lead": "(?=[\\-0-9A-Z_a-z]{80})(?:(?<![\\x01+\\-/-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))"
  },
  {
    "id": "azure-sas",
    "title": "Signature of a shared access signature (SAS) of Azure",
    "vendor": "Microsoft",
    "credential": "",
    "field": "",
    "priority": 3,
    "anchors": [
      "?sig=",
      "&sig=",
      ";sig="
    ],
    "near": [],
    "context": [
      "sv=",
      "se=",
      "sp=",
      "sr="
    ],
    "context_reach": 400,
    "unless": [],
    "entropy": 4.0,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?<!\\x01)[&;?]sig=(?<secret>[%+/-9A-Za-z]{43,128}(?:(?:=|%3[Dd]))?)(?![\\x01%+/-9=A-Za-z])",
    "lead": ""
  },
  {
    "id": "azure-storage-key",
    "title": "Key of an Azure storage account, or of a service with such a key",
    "vendor": "Microsoft",
    "credential": "",
    "field": "",
    "priority": 3,
    "anchors": [
      "accountkey",
      "accesskey",
      "sharedaccesskey"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 4.0,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?<!\\x01)(?:(?:[Aa][Cc][Cc][Oo][Uu][Nn][Tt]|[Ss\\u017f][Hh][Aa][Rr][Ee][Dd][Aa][Cc][Cc][Ee][Ss\\u017f][Ss\\u017f]|[Aa][Cc][Cc][Ee][Ss\\u017f][Ss\\u017f])[Kk\\u212a][Ee][Yy])(?:(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);))?\\]?[\\x09 ]{0,8}(?::[\\x09 ]{0,2}(?:str|bytes|SecretStr|Optional\\[str\\]|str \\| None)[\\x09 ]{0,2})?(?:=>|:=|={1,2}|[,:])(?:(?:[\\x09\\x0a\\x0d ]|\\\\[nrt])){0,8}(?:(?:[.A-Z_a-z]{1,32}\\()?[BFRUbfru]{0,2}(?=(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);)))?(?:(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);))?(?<secret>(?:(?:[+0-9A-Za-z]|\\\\{0,3}\\/)){43,86}={1,2})(?![\\x01+/-9=A-Za-z])",
    "lead": ""
  },
  {
    "id": "basic-auth",
    "title": "Name and password in a basic Authorization header",
    "vendor": "Any",
    "credential": "",
    "field": "",
    "priority": 2,
    "anchors": [
      "basic"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 0.0,
    "needs": [],
    "checks": [
      "basic"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x010-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?:[Bb][Aa][Ss\\u017f][Ii\\u0130\\u0131][Cc]) {1,4}(?<secret>(?=(?<a1>[+/-9A-Za-z]{12,512}))\\k<a1>={0,2})(?![\\x01+/-9=A-Za-z])",
    "lead": ""
  },
  {
    "id": "bearer-token",
    "title": "Token in a bearer Authorization header",
    "vendor": "Any",
    "credential": "",
    "field": "",
    "priority": 1,
    "anchors": [
      "bearer"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 3.5,
    "needs": [
      "digit",
      "letter"
    ],
    "checks": [
      "random",
      "novel"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x010-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?:[Bb][Ee][Aa][Rr][Ee][Rr]) {1,4}(?<secret>(?=(?<a1>[+\\--9=A-Z_a-z~]{20,4096}))\\k<a1>)(?!\\x01)",
    "lead": ""
  },
  {
    "id": "client-secret",
    "title": "UUID that is set to the name client_secret, as identity providers give it to a program",
    "vendor": "Any",
    "credential": "",
    "field": "",
    "priority": 2,
    "anchors": [
      "client_secret",
      "client-secret",
      "clientsecret"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 2.5,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?<!\\x01)(?:[Cc][Ll][Ii\\u0130\\u0131][Ee][Nn][Tt][\\-_]?[Ss\\u017f][Ee][Cc][Rr][Ee][Tt])(?:(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);))?\\]?[\\x09 ]{0,8}(?::[\\x09 ]{0,2}(?:str|bytes|SecretStr|Optional\\[str\\]|str \\| None)[\\x09 ]{0,2})?(?:=>|:=|={1,2}|[,:])(?:(?:[\\x09\\x0a\\x0d ]|\\\\[nrt])){0,8}(?:(?:[.A-Z_a-z]{1,32}\\()?[BFRUbfru]{0,2}(?=(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);)))?(?:(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);))?(?<secret>[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12})(?![\\x01\\-0-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "database-url",
    "title": "Password in the URL of a database or a message broker",
    "vendor": "Any",
    "credential": "",
    "field": "",
    "priority": 3,
    "anchors": [
      "postgres",
      "mysql",
      "mariadb",
      "mongodb",
      "redis",
      "amqp",
      "mssql",
      "oracle",
      "snowflake",
      "clickhouse",
      "cockroach"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 1.9,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [
      "password",
      "passwd",
      "ssword",
      "secret"
    ],
    "regex": "(?:(?<![\\x010-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?:(?:[Pp][Oo][Ss\\u017f][Tt][Gg][Rr][Ee][Ss\\u017f](?:[Qq][Ll])?|[Mm][Yy][Ss\\u017f][Qq][Ll]|[Mm][Aa][Rr][Ii\\u0130\\u0131][Aa][Dd][Bb]|[Mm][Oo][Nn][Gg][Oo][Dd][Bb]|[Rr][Ee][Dd][Ii\\u0130\\u0131][Ss\\u017f][Ss\\u017f]?|[Aa][Mm][Qq][Pp][Ss\\u017f]?|[Mm][Ss\\u017f][Ss\\u017f][Qq][Ll]|[Oo][Rr][Aa][Cc][Ll][Ee]|[Ss\\u017f][Nn][Oo][Ww][Ff][Ll][Aa][Kk\\u212a][Ee]|[Cc][Ll][Ii\\u0130\\u0131][Cc][Kk\\u212a][Hh][Oo][Uu][Ss\\u017f][Ee]|[Cc][Oo][Cc][Kk\\u212a][Rr][Oo][Aa][Cc][Hh][Dd][Bb]))(?:\\+[0-9_a-z]{1,20})?:\\/\\/(?=(?<a1>[!$%*+\\-.0-9A-Z_a-z~]{0,128}))\\k<a1>:(?<secret>[!#-&(-.0-9;=?A-Z\\^_a-z|~]{5,128})@[%\\-.0-9A-[_a-z](?!\\x01)",
    "lead": ""
  },
  {
    "id": "dwave",
    "title": "API token of D-Wave Leap",
    "vendor": "D-Wave",
    "credential": "dwave",
    "field": "",
    "priority": 2,
    "anchors": [
      "dwave",
      "d-wave",
      "d_wave",
      "sapi",
      "leaphybrid",
      "cloud.client",
      "leap.",
      "leap_"
    ],
    "near": [
      160,
      200
    ],
    "context": [],
    "context_reach": 160,
    "unless": [
      "commit",
      "image",
      "digest",
      "hash",
      "tag"
    ],
    "entropy": 3.2,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [
      "sha-",
      "git-",
      "md5-",
      "rev-",
      "ref-"
    ],
    "regex": "(?:(?<![\\x01+\\--9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>[0-9A-Za-z]{2,4}-[0-9A-Fa-f]{40,64})(?![\\x01+\\-/-9=A-Z_a-z])",
    "lead": "(?=[0-9A-Za-z]{2,4}-[0-9A-Fa-f]{40})(?:(?<![\\x01+\\--9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))"
  },
  {
    "id": "generic-secret",
    "title": "Random text that is set to a name such as api_key, token or password",
    "vendor": "Any",
    "credential": "",
    "field": "",
    "priority": 0,
    "anchors": [
      "token",
      "secret",
      "passwd",
      "password",
      "passphrase",
      "api_key",
      "apikey",
      "api-key",
      "access_key",
      "accesskey",
      "access-key",
      "private_key",
      "private-key",
      "privatekey",
      "auth_key",
      "authkey",
      "auth-key",
      "credential",
      "subscription-key",
      "subscription_key",
      "subscriptionkey"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 2.9,
    "needs": [
      "digit",
      "letter"
    ],
    "checks": [
      "random",
      "novel"
    ],
    "payload": [],
    "stop": [
      "htpasswd",
      "config.",
      "settings.",
      "self.",
      "args.",
      "env.",
      "secrets.",
      "kwargs",
      "::"
    ],
    "regex": "(?<!\\x01)(?:(?:[Tt][Oo][Kk\\u212a][Ee][Nn]|[Ss\\u017f][Ee][Cc][Rr][Ee][Tt]|[Pp][Aa][Ss\\u017f][Ss\\u017f][Ww](?:[Oo][Rr])?[Dd]|[Pp][Aa][Ss\\u017f][Ss\\u017f][Pp][Hh][Rr][Aa][Ss\\u017f][Ee]|[Aa][Pp][Ii\\u0130\\u0131][\\-_]?[Kk\\u212a][Ee][Yy]|[Aa][Cc][Cc][Ee][Ss\\u017f][Ss\\u017f][\\-_]?[Kk\\u212a][Ee][Yy]|[Pp][Rr][Ii\\u0130\\u0131][Vv][Aa][Tt][Ee][\\-_]?[Kk\\u212a][Ee][Yy]|[Aa][Uu][Tt][Hh][\\-_]?[Kk\\u212a][Ee][Yy]|[Cc][Rr][Ee][Dd][Ee][Nn][Tt][Ii\\u0130\\u0131][Aa][Ll]|[Ss\\u017f][Uu][Bb][Ss\\u017f][Cc][Rr][Ii\\u0130\\u0131][Pp][Tt][Ii\\u0130\\u0131][Oo][Nn][\\-_]?[Kk\\u212a][Ee][Yy]))(?:(?:[\\-_]?(?:[Kk\\u212a][Ee][Yy]|[Vv][Aa][Ll][Uu][Ee]|[Ss\\u017f][Tt][Rr][Ii\\u0130\\u0131][Nn][Gg]|[Ss\\u017f][Tt][Rr]|[Ii\\u0130\\u0131][Dd]|[Dd][Aa][Tt][Aa])))?(?:(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);))?\\]?[\\x09 ]{0,8}(?::[\\x09 ]{0,2}(?:str|bytes|SecretStr|Optional\\[str\\]|str \\| None)[\\x09 ]{0,2})?(?:=>|:=|={1,2}|[,:])(?:(?:[\\x09\\x0a\\x0d ]|\\\\[nrt])){0,8}(?:(?:[.A-Z_a-z]{1,32}\\()?[BFRUbfru]{0,2}(?=(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);)))?(?:(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);)(?<secret>(?![$%*])(?=(?<a1>[!#-&*+\\--;=?-Z\\^_a-z|~]{8,512}))\\k<a1>(?=(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);)))(?!\\x01)|(?<bare>(?=(?<a2>[+\\--9=A-Z_a-z~]{12,512}))\\k<a2>(?=(?:[\\x09-\\x0d\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]|$|\\x00|[\"&'),;<>\\]`}]|#[\\x09-\\x0d\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]|\\\\[\"'nrt])))(?!\\x01))",
    "lead": ""
  },
  {
    "id": "github-app-token",
    "title": "Token of an installation of a GitHub App, which holds a JWT",
    "vendor": "GitHub",
    "credential": "",
    "field": "",
    "priority": 5,
    "anchors": [
      "ghs_",
      "ghu_"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 0.0,
    "needs": [],
    "checks": [
      "jwt"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x010-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>gh[su]_[0-9A-Za-z]{1,20}_eyJ(?=(?<a1>[\\-0-9A-Z_a-z]{8,2048}))\\k<a1>\\.(?=(?<a2>[\\-0-9A-Z_a-z]{8,8192}))\\k<a2>\\.(?=(?<a3>[\\-0-9A-Z_a-z]{8,2048}))\\k<a3>)(?![\\x01\\-0-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "github-fine-grained-token",
    "title": "Fine-grained personal access token of GitHub",
    "vendor": "GitHub",
    "credential": "",
    "field": "",
    "priority": 5,
    "anchors": [
      "github_pat_"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 4.0,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x010-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59})(?![\\x010-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "github-token",
    "title": "Token of GitHub",
    "vendor": "GitHub",
    "credential": "",
    "field": "",
    "priority": 5,
    "anchors": [
      "ghp_",
      "gho_",
      "ghu_",
      "ghs_",
      "ghr_"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 0.0,
    "needs": [],
    "checks": [
      "github"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x010-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>gh[oprsu]_[0-9A-Za-z]{36})(?![\\x010-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "gitlab-token",
    "title": "Token of GitLab",
    "vendor": "GitLab",
    "credential": "",
    "field": "",
    "priority": 4,
    "anchors": [
      "glpat-",
      "gloas-",
      "gldt-",
      "glrt-",
      "glrtr-",
      "glcbt-",
      "glptt-",
      "glft-",
      "glimt-",
      "glagent-",
      "glwt-",
      "glsoat-",
      "glffct-"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 3.3,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x010-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>gl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|wt|soat|ffct)-(?=(?<a1>[\\-0-9=A-Z_a-z]{20,200}))\\k<a1>(?=(?<a2>(?:\\.[\\-0-9A-Z_a-z]{2,16}){0,3}))\\k<a2>)(?!\\x01)",
    "lead": ""
  },
  {
    "id": "google-api-key",
    "title": "API key of Google Cloud",
    "vendor": "Google",
    "credential": "",
    "field": "",
    "priority": 3,
    "anchors": [
      "aiza"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 3.5,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01+\\-/-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>AIza[\\-0-9A-Z_a-z]{35})(?![\\x01\\-0-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "google-oauth-token",
    "title": "Access token, refresh token or client secret of Google OAuth",
    "vendor": "Google",
    "credential": "",
    "field": "",
    "priority": 3,
    "anchors": [
      "ya29.",
      "gocspx-",
      "1//0"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 3.5,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01+\\--9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>(?:ya29\\.(?=(?<a1>[\\-.0-9A-Z_a-z]{20,2048}))\\k<a1>|GOCSPX-[\\-0-9A-Z_a-z]{28}|1\\/\\/0(?=(?<a2>[\\-0-9A-Z_a-z]{40,256}))\\k<a2>))(?![\\x010-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "google-service-account",
    "title": "Private key in a service account's JSON file",
    "vendor": "Google",
    "credential": "",
    "field": "",
    "priority": 5,
    "anchors": [
      "private_key"
    ],
    "near": [],
    "context": [
      "service_account",
      "gserviceaccount",
      "private_key_id",
      "client_email"
    ],
    "context_reach": 600,
    "unless": [],
    "entropy": 0.0,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?<!\\x01)private_key(?:(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);))?\\]?[\\x09 ]{0,8}(?::[\\x09 ]{0,2}(?:str|bytes|SecretStr|Optional\\[str\\]|str \\| None)[\\x09 ]{0,2})?(?:=>|:=|={1,2}|[,:])(?:(?:[\\x09\\x0a\\x0d ]|\\\\[nrt])){0,8}(?:(?:[.A-Z_a-z]{1,32}\\()?[BFRUbfru]{0,2}(?=(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);)))?(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);)(?<secret>-----BEGIN PRIVATE KEY-----(?=(?<a1>(?:(?:[\\x09-\\x0d\\x1c- +/-9=A-Za-z\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]|\\\\{1,4}[nr])){64,8192}))\\k<a1>-----END PRIVATE KEY-----)(?!\\x01)",
    "lead": ""
  },
  {
    "id": "huggingface-token",
    "title": "Access token of Hugging Face",
    "vendor": "Hugging Face",
    "credential": "",
    "field": "",
    "priority": 3,
    "anchors": [
      "hf_",
      "api_org_"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 3.5,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x010-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>(?:hf_|api_org_)[0-9A-Za-z]{34,40})(?![\\x010-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "ibm-cloud",
    "title": "API key of IBM Cloud, also that of IBM Quantum Platform",
    "vendor": "IBM",
    "credential": "ibm-quantum",
    "field": "",
    "priority": 2,
    "anchors": [
      "ibm",
      "qiskit",
      "bluemix",
      "iam_apikey"
    ],
    "near": [
      160,
      240
    ],
    "context": [],
    "context_reach": 160,
    "unless": [
      "sha",
      "digest",
      "hash",
      "integrity",
      "checksum"
    ],
    "entropy": 4.1,
    "needs": [
      "upper",
      "lower",
      "digit"
    ],
    "checks": [
      "random"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01+\\--9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>[\\-0-9A-Z_a-z]{44})(?![\\x01+\\-/-9=A-Z_a-z])",
    "lead": "(?=[\\-0-9A-Z_a-z]{44})(?:(?<![\\x01+\\--9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))"
  },
  {
    "id": "ibm-iam-token",
    "title": "Bearer token of IBM Cloud IAM",
    "vendor": "IBM",
    "credential": "",
    "field": "",
    "priority": 4,
    "anchors": [
      "eyj"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 0.0,
    "needs": [],
    "checks": [
      "jwt"
    ],
    "payload": [
      "iam.cloud.ibm.com",
      "iam_id",
      "iam.test.cloud.ibm.com"
    ],
    "stop": [],
    "regex": "(?:(?<![\\x01\\-.0-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>eyJ(?=(?<a1>[\\-0-9A-Z_a-z]{8,2048}))\\k<a1>\\.(?=(?<a2>[\\-0-9A-Z_a-z]{8,8192}))\\k<a2>\\.(?=(?<a3>[\\-0-9A-Z_a-z]{8,2048}))\\k<a3>)(?![\\x01\\-0-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "ibm-quantum-legacy",
    "title": "API token of the former IBM Quantum Experience and Platform",
    "vendor": "IBM",
    "credential": "ibm-quantum",
    "field": "",
    "priority": 2,
    "anchors": [
      "ibmq",
      "ibm_quantum",
      "ibm-quantum",
      "ibmprovider",
      "quantum-computing.ibm",
      "qiskit",
      "quantumexperience",
      "apitoken"
    ],
    "near": [
      160,
      240
    ],
    "context": [],
    "context_reach": 160,
    "unless": [
      "sha",
      "digest",
      "hash",
      "integrity",
      "checksum"
    ],
    "entropy": 3.5,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01+\\--9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>[0-9a-f]{128})(?! {1,2}\\*?[.-9A-Z_a-z])(?![\\x01+\\-/-9=A-Z_a-z])",
    "lead": "(?=[0-9a-f]{128})(?:(?<![\\x01+\\--9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))"
  },
  {
    "id": "ionq",
    "title": "API key of IonQ",
    "vendor": "IonQ",
    "credential": "ionq",
    "field": "",
    "priority": 2,
    "anchors": [
      "ionq"
    ],
    "near": [
      80,
      160
    ],
    "context": [],
    "context_reach": 160,
    "unless": [
      "sha",
      "md5",
      "digest",
      "hash",
      "uuid",
      "_id",
      "checksum"
    ],
    "entropy": 3.7,
    "needs": [
      "upper",
      "lower",
      "digit"
    ],
    "checks": [
      "random"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01+\\--9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>[0-9A-Za-z]{32})(?![\\x01+\\-/-9=A-Z_a-z])",
    "lead": "(?=[0-9A-Za-z]{32})(?:(?<![\\x01+\\--9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))"
  },
  {
    "id": "iqm",
    "title": "Token of an IQM server or IQM Resonance",
    "vendor": "IQM",
    "credential": "iqm",
    "field": "",
    "priority": 2,
    "anchors": [
      "iqm_token",
      "iqm-token",
      "iqmtoken",
      "token"
    ],
    "near": [],
    "context": [
      "iqm",
      "resonance.meetiqm"
    ],
    "context_reach": 200,
    "unless": [],
    "entropy": 3.3,
    "needs": [
      "digit",
      "letter"
    ],
    "checks": [
      "random",
      "novel"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?<!\\x01)(?:(?:[Ii\\u0130\\u0131][Qq][Mm][\\-_]?[Tt][Oo][Kk\\u212a][Ee][Nn]|[Tt][Oo][Kk\\u212a][Ee][Nn]))(?:(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);))?\\]?[\\x09 ]{0,8}(?::[\\x09 ]{0,2}(?:str|bytes|SecretStr|Optional\\[str\\]|str \\| None)[\\x09 ]{0,2})?(?:=>|:=|={1,2}|[,:])(?:(?:[\\x09\\x0a\\x0d ]|\\\\[nrt])){0,8}(?:(?:[.A-Z_a-z]{1,32}\\()?[BFRUbfru]{0,2}(?=(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);)))?(?:(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);))?(?<secret>(?=(?<a1>[+\\--9=A-Z_a-z~]{16,2048}))\\k<a1>)(?=(?:[\\x09-\\x0d\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]|$|\\x00|[\"&'),;<>\\]`}]|#[\\x09-\\x0d\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]|\\\\[\"'nrt]))(?!\\x01)",
    "lead": ""
  },
  {
    "id": "jupyter-token",
    "title": "Token of a Jupyter server or hub in a URL",
    "vendor": "Jupyter",
    "credential": "",
    "field": "",
    "priority": 3,
    "anchors": [
      "?token=",
      "&token="
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 2.8,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?<!\\x01)[&?]token=(?<secret>[0-9a-f]{32}(?:[0-9a-f]{16})?)(?![\\x01\\-0-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "jwe",
    "title": "Encrypted JSON Web Token",
    "vendor": "Any",
    "credential": "",
    "field": "",
    "priority": 2,
    "anchors": [
      "eyj"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 0.0,
    "needs": [],
    "checks": [
      "jwt"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01\\-.0-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>eyJ(?=(?<a1>[\\-0-9A-Z_a-z]{8,2048}))\\k<a1>\\.(?=(?<a2>[\\-0-9A-Z_a-z]{0,2048}))\\k<a2>\\.(?=(?<a3>[\\-0-9A-Z_a-z]{8,64}))\\k<a3>\\.(?=(?<a4>[\\-0-9A-Z_a-z]{8,8192}))\\k<a4>\\.(?=(?<a5>[\\-0-9A-Z_a-z]{16,64}))\\k<a5>)(?![\\x01\\-.0-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "jwt",
    "title": "JSON Web Token",
    "vendor": "Any",
    "credential": "",
    "field": "",
    "priority": 2,
    "anchors": [
      "eyj"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 0.0,
    "needs": [],
    "checks": [
      "jwt"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01\\-.0-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>eyJ(?=(?<a1>[\\-0-9A-Z_a-z]{8,2048}))\\k<a1>\\.(?=(?<a2>[\\-0-9A-Z_a-z]{8,8192}))\\k<a2>\\.(?=(?<a3>[\\-0-9A-Z_a-z]{8,2048}))\\k<a3>)(?![\\x01\\-0-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "npm-token",
    "title": "Access token of npm",
    "vendor": "npm",
    "credential": "",
    "field": "",
    "priority": 3,
    "anchors": [
      "npm_"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 3.5,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x010-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>npm_[0-9A-Za-z]{36})(?![\\x010-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "pasqal",
    "title": "Token of Pasqal Cloud",
    "vendor": "Pasqal",
    "credential": "pasqal",
    "field": "",
    "priority": 4,
    "anchors": [
      "eyj"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 0.0,
    "needs": [],
    "checks": [
      "jwt"
    ],
    "payload": [
      "pasqal"
    ],
    "stop": [],
    "regex": "(?:(?<![\\x01\\-.0-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>eyJ(?=(?<a1>[\\-0-9A-Z_a-z]{8,2048}))\\k<a1>\\.(?=(?<a2>[\\-0-9A-Z_a-z]{8,8192}))\\k<a2>\\.(?=(?<a3>[\\-0-9A-Z_a-z]{8,2048}))\\k<a3>)(?![\\x01\\-0-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "pasqal-password",
    "title": "Password of a Pasqal Cloud account",
    "vendor": "Pasqal",
    "credential": "pasqal",
    "field": "password",
    "priority": 2,
    "anchors": [
      "password"
    ],
    "near": [],
    "context": [
      "pasqal"
    ],
    "context_reach": 300,
    "unless": [],
    "entropy": 2.5,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [
      "password",
      "getpass"
    ],
    "regex": "(?<!\\x01)(?:[Pp][Aa][Ss\\u017f][Ss\\u017f][Ww][Oo][Rr][Dd])(?:(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);))?\\]?[\\x09 ]{0,8}(?::[\\x09 ]{0,2}(?:str|bytes|SecretStr|Optional\\[str\\]|str \\| None)[\\x09 ]{0,2})?(?:=>|:=|={1,2}|[,:])(?:(?:[\\x09\\x0a\\x0d ]|\\\\[nrt])){0,8}(?:(?:[.A-Z_a-z]{1,32}\\()?[BFRUbfru]{0,2}(?=(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);)))?(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);)(?<secret>(?=(?<a1>[!#-&*+\\--;=?-Z\\^_a-z~]{8,128}))\\k<a1>)(?=(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);))(?!\\x01)",
    "lead": ""
  },
  {
    "id": "private-key",
    "title": "Private key in PEM form, of OpenSSH or OpenPGP",
    "vendor": "Any",
    "credential": "",
    "field": "",
    "priority": 4,
    "anchors": [
      "-----begin"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 3.5,
    "needs": [],
    "checks": [
      "pem"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?<!\\x01)(?<secret>-----BEGIN (?:[0-9A-Z]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:(?=(?<a1>[\\x09-\\x0d\\x1c- \"'+,.-:=A-Z\\\\a-z\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]{0,16384}))\\k<a1>(?=(?<a3>(?:-(?=[^\\x00\\x01\\-])(?=(?<a2>[\\x09-\\x0d\\x1c- \"'+,.-:=A-Z\\\\a-z\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]{0,16384}))\\k<a2>){0,4}))\\k<a3>-----END (?:[0-9A-Z]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----|(?:(?:[\\x09-\\x0d\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]|\\\\{1,3}[nr]|[\",])){0,16}(?=(?<a4>[+/-9A-Za-z]{60,16384}))\\k<a4>))(?!\\x01)",
    "lead": ""
  },
  {
    "id": "pypi-token",
    "title": "API token of PyPI",
    "vendor": "PyPI",
    "credential": "",
    "field": "",
    "priority": 3,
    "anchors": [
      "pypi-ag"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 3.8,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01\\-0-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>pypi-Ag(?=(?<a1>[\\-0-9A-Z_a-z]{60,1024}))\\k<a1>)(?!\\x01)",
    "lead": ""
  },
  {
    "id": "qbraid",
    "title": "API key of qBraid",
    "vendor": "qBraid",
    "credential": "qbraid",
    "field": "",
    "priority": 3,
    "anchors": [
      "qbr_"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 3.3,
    "needs": [],
    "checks": [
      "random"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01\\-0-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>qbr_(?=(?<a1>[\\-0-9A-Z_a-z]{16,256}))\\k<a1>)(?!\\x01)",
    "lead": ""
  },
  {
    "id": "qbraid-legacy",
    "title": "API key or refresh token of qBraid without a prefix",
    "vendor": "qBraid",
    "credential": "qbraid",
    "field": "",
    "priority": 2,
    "anchors": [
      "api-key",
      "api_key",
      "apikey",
      "refresh-token",
      "refresh_token",
      "access-token",
      "access_token"
    ],
    "near": [],
    "context": [
      "qbraid"
    ],
    "context_reach": 300,
    "unless": [],
    "entropy": 2.6,
    "needs": [
      "digit",
      "letter"
    ],
    "checks": [
      "novel"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?<!\\x01)(?:(?:[Aa][Pp][Ii\\u0130\\u0131][\\-_]?[Kk\\u212a][Ee][Yy]|[Rr][Ee][Ff][Rr][Ee][Ss\\u017f][Hh][\\-_][Tt][Oo][Kk\\u212a][Ee][Nn]|[Aa][Cc][Cc][Ee][Ss\\u017f][Ss\\u017f][\\-_][Tt][Oo][Kk\\u212a][Ee][Nn]))(?:(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);))?\\]?[\\x09 ]{0,8}(?::[\\x09 ]{0,2}(?:str|bytes|SecretStr|Optional\\[str\\]|str \\| None)[\\x09 ]{0,2})?(?:=>|:=|={1,2}|[,:])(?:(?:[\\x09\\x0a\\x0d ]|\\\\[nrt])){0,8}(?:(?:[.A-Z_a-z]{1,32}\\()?[BFRUbfru]{0,2}(?=(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);)))?(?:(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);))?(?<secret>(?=(?<a1>[\\-.0-9A-Z_a-z~]{10,512}))\\k<a1>)(?=(?:[\\x09-\\x0d\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]|$|\\x00|[\"&'),;<>\\]`}]|#[\\x09-\\x0d\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]|\\\\[\"'nrt]))(?!\\x01)",
    "lead": ""
  },
  {
    "id": "quantinuum-id-token",
    "title": "Id or access token of Quantinuum",
    "vendor": "Quantinuum",
    "credential": "",
    "field": "",
    "priority": 4,
    "anchors": [
      "eyj"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 0.0,
    "needs": [],
    "checks": [
      "jwt"
    ],
    "payload": [
      "quantinuum",
      "qapi.",
      "honeywell",
      "cognito-idp"
    ],
    "stop": [],
    "regex": "(?:(?<![\\x01\\-.0-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>eyJ(?=(?<a1>[\\-0-9A-Z_a-z]{8,2048}))\\k<a1>\\.(?=(?<a2>[\\-0-9A-Z_a-z]{8,8192}))\\k<a2>\\.(?=(?<a3>[\\-0-9A-Z_a-z]{8,2048}))\\k<a3>)(?![\\x01\\-0-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "quantinuum-refresh-token",
    "title": "Refresh token of Quantinuum Nexus and the H-Series API",
    "vendor": "Quantinuum",
    "credential": "quantinuum",
    "field": "",
    "priority": 4,
    "anchors": [
      "eyj"
    ],
    "near": [],
    "context": [
      "quantinuum",
      "qapi",
      "nexus",
      "hqs",
      "honeywell",
      "pytket",
      "qnx",
      "h-series"
    ],
    "context_reach": 400,
    "unless": [],
    "entropy": 0.0,
    "needs": [],
    "checks": [
      "jwt"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01\\-.0-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>eyJ(?=(?<a1>[\\-0-9A-Z_a-z]{8,2048}))\\k<a1>\\.(?=(?<a2>[\\-0-9A-Z_a-z]{0,2048}))\\k<a2>\\.(?=(?<a3>[\\-0-9A-Z_a-z]{8,64}))\\k<a3>\\.(?=(?<a4>[\\-0-9A-Z_a-z]{8,8192}))\\k<a4>\\.(?=(?<a5>[\\-0-9A-Z_a-z]{16,64}))\\k<a5>)(?![\\x01\\-.0-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "rigetti-access-token",
    "title": "Access token of Rigetti QCS",
    "vendor": "Rigetti",
    "credential": "",
    "field": "",
    "priority": 4,
    "anchors": [
      "eyj"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 0.0,
    "needs": [],
    "checks": [
      "jwt"
    ],
    "payload": [
      "rigetti",
      "qcs.rigetti.com"
    ],
    "stop": [],
    "regex": "(?:(?<![\\x01\\-.0-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>eyJ(?=(?<a1>[\\-0-9A-Z_a-z]{8,2048}))\\k<a1>\\.(?=(?<a2>[\\-0-9A-Z_a-z]{8,8192}))\\k<a2>\\.(?=(?<a3>[\\-0-9A-Z_a-z]{8,2048}))\\k<a3>)(?![\\x01\\-0-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "rigetti-refresh-token",
    "title": "Refresh token of Rigetti QCS",
    "vendor": "Rigetti",
    "credential": "rigetti-qcs",
    "field": "",
    "priority": 3,
    "anchors": [
      "refresh_token"
    ],
    "near": [],
    "context": [
      "rigetti",
      "qcs",
      "pyquil",
      "quilc",
      "token_payload"
    ],
    "context_reach": 2400,
    "unless": [],
    "entropy": 3.5,
    "needs": [],
    "checks": [
      "random"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?<!\\x01)refresh_token(?:(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);))?\\]?[\\x09 ]{0,8}(?::[\\x09 ]{0,2}(?:str|bytes|SecretStr|Optional\\[str\\]|str \\| None)[\\x09 ]{0,2})?(?:=>|:=|={1,2}|[,:])(?:(?:[\\x09\\x0a\\x0d ]|\\\\[nrt])){0,8}(?:(?:[.A-Z_a-z]{1,32}\\()?[BFRUbfru]{0,2}(?=(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);)))?(?:(?:\\\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);))?(?<secret>(?=(?<a1>[\\-0-9A-Z_a-z]{32,128}))\\k<a1>)(?![\\x01\\-.0-9A-Z_a-z])",
    "lead": ""
  },
  {
    "id": "slack-token",
    "title": "Token of Slack",
    "vendor": "Slack",
    "credential": "",
    "field": "",
    "priority": 3,
    "anchors": [
      "xoxa-",
      "xoxb-",
      "xoxe-",
      "xoxe.",
      "xoxo-",
      "xoxp-",
      "xoxr-",
      "xoxs-",
      "xapp-"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 3.0,
    "needs": [
      "digit"
    ],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01\\-0-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>x(?:ox[abeoprs](?:\\.xox[bp])?-|app-)(?=(?<a1>[\\-0-9A-Za-z]{16,512}))\\k<a1>)(?!\\x01)",
    "lead": ""
  },
  {
    "id": "slack-webhook",
    "title": "Incoming webhook of Slack",
    "vendor": "Slack",
    "credential": "",
    "field": "",
    "priority": 3,
    "anchors": [
      "hooks.slack.com/"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 0.0,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?<!\\x01)hooks\\.slack\\.com\\/(?:services|workflows)\\/(?<secret>[0-9A-Z]{8,14}\\/[0-9A-Z]{8,14}\\/[0-9A-Za-z]{16,48})(?![\\x010-9A-Za-z])",
    "lead": ""
  },
  {
    "id": "url-password",
    "title": "Name and password in a URL",
    "vendor": "Any",
    "credential": "",
    "field": "",
    "priority": 1,
    "anchors": [
      "://"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 1.9,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [
      "password",
      "passwd",
      "ssword",
      "secret"
    ],
    "regex": "(?<!\\x01):\\/\\/(?=(?<a1>[!$%*+\\-.0-9A-Z_a-z~]{0,128}))\\k<a1>:(?<secret>[!#-&(-.0-9;=?A-Z\\^_a-z|~]{6,128})@[%\\-.0-9A-[_a-z](?!\\x01)",
    "lead": ""
  },
  {
    "id": "vault-legacy-token",
    "title": "Token of OpenBao, or of Vault before 1.10",
    "vendor": "OpenBao, HashiCorp",
    "credential": "",
    "field": "",
    "priority": 2,
    "anchors": [
      "vault",
      "bao",
      "hvac",
      "client_token",
      "session_token"
    ],
    "near": [
      200,
      320
    ],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 3.5,
    "needs": [
      "upper",
      "lower"
    ],
    "checks": [
      "random"
    ],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01+\\--9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>(?:[rs]\\.[0-9A-Za-z]{24}(?:\\.[0-9A-Za-z]{5,6})?|b\\.(?=(?<a1>[\\-0-9A-Z_a-z]{64,1024}))\\k<a1>))(?![\\x01(\\-0-9=A-Z_a-z])",
    "lead": "(?=[brs]\\.[\\-0-9A-Z_a-z]{24})(?:(?<![\\x01+\\--9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))"
  },
  {
    "id": "vault-token",
    "title": "Token of Vault or OpenBao",
    "vendor": "HashiCorp, OpenBao",
    "credential": "",
    "field": "",
    "priority": 3,
    "anchors": [
      "hvs.",
      "hvb.",
      "hvr."
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 3.3,
    "needs": [],
    "checks": [],
    "payload": [],
    "stop": [],
    "regex": "(?:(?<![\\x01+\\--9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>hv[brs]\\.(?=(?<a1>[\\-0-9A-Z_a-z]{24,1024}))\\k<a1>)(?!\\x01)",
    "lead": ""
  },
  {
    "id": "xanadu",
    "title": "API key or access token of Xanadu Cloud",
    "vendor": "Xanadu",
    "credential": "xanadu",
    "field": "",
    "priority": 4,
    "anchors": [
      "eyj"
    ],
    "near": [],
    "context": [],
    "context_reach": 160,
    "unless": [],
    "entropy": 0.0,
    "needs": [],
    "checks": [
      "jwt"
    ],
    "payload": [
      "xanadu"
    ],
    "stop": [],
    "regex": "(?:(?<![\\x01\\-.0-9A-Z_a-z])|(?<=\\\\[bfnrt])|(?<=\\\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))(?<secret>eyJ(?=(?<a1>[\\-0-9A-Z_a-z]{8,2048}))\\k<a1>\\.(?=(?<a2>[\\-0-9A-Z_a-z]{8,8192}))\\k<a2>\\.(?=(?<a3>[\\-0-9A-Z_a-z]{8,2048}))\\k<a3>)(?![\\x01\\-0-9A-Z_a-z])",
    "lead": ""
  }
];

export const needs: Readonly<Record<string, string>> = {
  "upper": "[A-Z]",
  "lower": "[a-z]",
  "digit": "[0-9]",
  "letter": "[A-Za-z][^A-Za-z]{0,}[A-Za-z][^A-Za-z]{0,}[A-Za-z]"
};

export const examples: readonly string[] = [
  "example",
  "changeme",
  "change-me",
  "change_me",
  "your-",
  "your_",
  "yourkey",
  "yourtoken",
  "placeholder",
  "redacted",
  "insert",
  "dummy",
  "not-a-real",
  "fake-",
  "fake_",
  "<",
  "{",
  "$(",
  "xxxxx",
  "****",
  "....",
  "0000000",
  "1234567890",
  "abcdefgh",
  "os.environ",
  "getenv",
  "getpass",
  "process.env",
  "sample-",
  "sample_",
  "my-secret",
  "my_secret"
];

export const readers: readonly string[] = [
  "getenv(",
  "environ[",
  "environ.get(",
  ".get(",
  "getpass(",
  "input(",
  "secrets["
];

export const pairs: readonly string[] = [
  "ab",
  "ac",
  "ad",
  "ag",
  "ai",
  "al",
  "am",
  "an",
  "ap",
  "ar",
  "as",
  "at",
  "au",
  "av",
  "ay",
  "ba",
  "be",
  "bi",
  "bl",
  "bo",
  "bs",
  "bu",
  "ca",
  "cc",
  "ce",
  "ch",
  "ci",
  "ck",
  "cl",
  "co",
  "cr",
  "ct",
  "cu",
  "da",
  "dd",
  "de",
  "di",
  "dl",
  "do",
  "ds",
  "du",
  "ea",
  "ec",
  "ed",
  "ee",
  "ef",
  "eg",
  "el",
  "em",
  "en",
  "ep",
  "eq",
  "er",
  "es",
  "et",
  "ev",
  "ex",
  "fa",
  "fe",
  "ff",
  "fi",
  "fo",
  "fr",
  "fu",
  "ge",
  "gh",
  "gi",
  "gn",
  "gr",
  "gs",
  "gu",
  "ha",
  "he",
  "hi",
  "ho",
  "ht",
  "ia",
  "ib",
  "ic",
  "id",
  "ie",
  "if",
  "ig",
  "il",
  "im",
  "in",
  "io",
  "ip",
  "ir",
  "is",
  "it",
  "iv",
  "iz",
  "ke",
  "ki",
  "ks",
  "la",
  "ld",
  "le",
  "li",
  "ll",
  "lo",
  "ls",
  "lt",
  "lu",
  "ly",
  "ma",
  "mb",
  "me",
  "mi",
  "mm",
  "mo",
  "mp",
  "ms",
  "mu",
  "na",
  "nc",
  "nd",
  "ne",
  "nf",
  "ng",
  "ni",
  "nn",
  "no",
  "ns",
  "nt",
  "nu",
  "nv",
  "ob",
  "oc",
  "od",
  "og",
  "ok",
  "ol",
  "om",
  "on",
  "oo",
  "op",
  "or",
  "os",
  "ot",
  "ou",
  "ov",
  "ow",
  "pa",
  "pe",
  "pi",
  "pl",
  "po",
  "pp",
  "pr",
  "ps",
  "pt",
  "pu",
  "py",
  "qu",
  "ra",
  "rc",
  "rd",
  "re",
  "rg",
  "ri",
  "rl",
  "rm",
  "rn",
  "ro",
  "rr",
  "rs",
  "rt",
  "ru",
  "ry",
  "sa",
  "sc",
  "se",
  "sh",
  "si",
  "sl",
  "so",
  "sp",
  "ss",
  "st",
  "su",
  "sy",
  "ta",
  "tc",
  "te",
  "th",
  "ti",
  "tl",
  "to",
  "tr",
  "ts",
  "tt",
  "tu",
  "ty",
  "ua",
  "ub",
  "uc",
  "ue",
  "ui",
  "ul",
  "um",
  "un",
  "up",
  "ur",
  "us",
  "ut",
  "va",
  "ve",
  "vi",
  "wa",
  "we",
  "wi",
  "wr",
  "xe",
  "xp",
  "xt",
  "yp",
  "yt",
  "ze"
];

export const numbers = {
  "justBefore": 32,
  "longestAhead": 160,
  "wordLength": 2.3,
  "commonShare": 0.65
};

export const expressions = {
  "word": "(?:[A-Z]?[a-z]{1,}|[A-Z]{1,}|[0-9]{1,})",
  "hex": "(?:[0-9a-f]{16,}|[0-9A-F]{16,})",
  "wellKnown": "(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2}[ T_t][^]{0,}|0[Xx][0-9A-Fa-f]{1,}|(?:[Ss\\u017f][Hh][Aa][0-9]{1,}|[Mm][Dd]5)[\\-:=][^]{0,}|[+A-Za-z\\u0130\\u0131\\u017f\\u212a]{2,16}:\\/\\/[^]{0,}|[Vv]?[0-9]{1,4}(?:\\.[0-9]{1,4}){1,3}[+\\-.0-9A-Za-z\\u0130\\u0131\\u017f\\u212a]{0,24})",
  "keyLine": "[+/-9A-Za-z]{40}",
  "realColour": "\\x1b\\[[0-;?]{0,40}[A-Za-z]",
  "writtenColour": "\\\\(?:u001[Bb]|x1[Bb])\\[[0-;?]{0,40}[A-Za-z]"
};
