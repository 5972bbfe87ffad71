"""Every mistake has its place, what is wrong, and how to mend it."""

import pytest

from tests.unit.config.folder import Folder

PIPELINE_MISTAKES: list[tuple[str, str, str]] = [
    ("name: orders", "nmae: orders", '1:1: nmae: unknown key "nmae"; did you mean "name"?'),
    ("name: orders\n", "", "1:1: name: is missing; add a name"),
    ("name: orders", "name: or ders", '1:7: name: "or ders" cannot be a name; use 1 to 64 letters, digits, _ and -'),
    ("name: orders", "name: 12", "1:7: name: 12 is not a name; write a name, quoted"),
    ("name: orders", "name: [a]", "1:7: name: a list is not a name"),
    ("name: orders", "version: 2\nname: orders", "1:10: version: 2 is no version this syncer reads; write version: 1"),
    ("source: shop", "source: shpo", '2:9: source: there is no source "shpo" in syncer.yaml; did you mean "shop"?'),
    ("source: shop\n", "", "1:1: source: is missing; add one of shop"),
    ("query: SELECT * FROM orders\n", "", "1:1: query: is missing; add one SELECT, or query_file"),
    ("query: SELECT * FROM orders", "query: SELECT 1\ntable: x", "4:1: table: does not go with query; keep one of"),
    ("query: SELECT * FROM orders", "query: ' ; '", "3:8: query: the query is empty; write one SELECT"),
    ("query: SELECT * FROM orders", "query: ' '", "3:8: query: is blank; write a SELECT"),
    ("query: SELECT * FROM orders", "table: a; DROP", '3:8: table: "a; DROP" is no name of a table; write schema.table'),
    ("query: SELECT * FROM orders", "query_file: no.sql", '3:13: query_file: there is no file "no.sql"; relative paths start'),
    ("query: SELECT * FROM orders", "query_file: .", '3:13: query_file: there is no file "."'),
    ("key: order_id", "key: []", "4:6: key: the list is empty; write the name of a column"),
    ("key: order_id", "key: [a, a]", '4:10: key[1]: "a" is named twice; name it once'),
    ("key: order_id\n", "", "1:1: key: is missing; add the column, or list of columns"),
    ("start: now\n", "", "1:1: start: is missing; add now, window, beginning"),
    ("start: now", "start: yesterday", '5:8: start: "yesterday" is no start; write now, window'),
    ("start: now", "start: -3x", '5:8: start: "-3x" is no time ago; write it as -3d'),
    ("start: now", "start: now\ncursor: {colunm: x}", '6:10: cursor.colunm: unknown key "colunm"; did you mean "column"?'),
    ("start: now", "start: now\ncursor: {column: x, lookback: -1}", "6:31: cursor.lookback: -1 is not a duration or a whole"),
    ("destination: meta", "destination: mata", '6:14: destination: there is no destination "mata" in syncer.yaml; did'),
    ("destination: meta\n", "", "1:1: destination: is missing; add one of meta"),
    ("destination: meta", "destination: {column: b, map: {}}", "6:31: destination.map: an empty map; write {value"),
    ("destination: meta", "destination: {column: b, map: {a: x}}", '6:35: destination.map.a: there is no destination "x"'),
    ("action_source: email", "action_source: web", '7:27: settings.action_source: "web" is no action_source; did you mean'),
    ("settings: {action_source: email}\n", "", "1:1: settings.action_source: is missing; add it to settings or map it"),
    ("action_source: email", "action_source: website", "7:11: settings.browser_pixel: is required for website; add it"),
    ("{action_source: email}", "{action_source: website, browser_pixel: same_events}", "7:51: settings.browser_pixel: same_ev"),
    ("action_source: email", "action_source: email, hashing: allways", '7:43: settings.hashing: "allways" is not one of auto'),
    ("action_source: email", "action_source: email, browser_pixel: maybe", '7:49: settings.browser_pixel: "maybe" is not one of same_events, other_events, none; write one of them'),
    ("action_source: email", "action_source: email, delay: 5", "7:41: settings.delay: 5 is not a duration; write a number"),
    ("action_source: email", "action_source: email, delay: 8d", "7:41: settings.delay: 8d is not shorter than the 7d"),
    ("action_source: email", "action_source: email, max_age: 0s", "7:43: settings.max_age: 0 lets no event through"),
    ("action_source: email", "action_source: email, timezone: Paris", '7:44: settings.timezone: "Paris" is no time zone; did'),
    ("action_source: email", "action_source: email, default_country: uk", '7:51: settings.default_country: "uk" is no country'),
    ("action_source: email", "action_source: email, default_country: deu", '7:51: settings.default_country: "deu" is no coun'),
    ("action_source: email", "action_source: email, preset: ga5", '7:42: settings.preset: "ga5" is no preset; did you mean "g'),
    ("action_source: email", "action_source: email, strict: yes", '7:42: settings.strict: "yes" is not true or false; write'),
    ("settings: {action_source: email}", "settings: []", "7:11: settings: a list is not a map; write keys and values"),
    ("event_name: {value: Schedule}, ", "", "9:17: mapping.server_event.event_name: is missing; add event_name"),
    (", event_time: ordered_at", "", "9:17: mapping.server_event.event_time: is missing; add event_time"),
    ("value: Schedule", "value: " + "x" * 51, "9:38: mapping.server_event.event_name.value: "),
    ("{em: email}", "{em: email}\n  custom_data: {num_items: {value: many}}", '11:36: mapping.custom_data.num_items.value: "many" is no number; num_items takes a whole number'),
    ("{em: email}", "{em: email}\n  custom_data: {num_items: {value: {a: 1}}}", "11:36: mapping.custom_data.num_items.value: a map, but num_items takes a whole number"),
    ("value: Schedule", "value: 1.5", "9:38: mapping.server_event.event_name.value: 1.5 is no text; event_name takes a text"),
    ("ordered_at", "ordered_at, opt_ot: x", '9:73: mapping.server_event.opt_ot: Meta has no parameter "opt_ot" here; did'),
    ("ordered_at", "ordered_at, opt_out: {value: perhaps}", '9:90: mapping.server_event.opt_out.value: "perhaps" is not t'),
    ("ordered_at", "ordered_at, user_data: {em: a}", "9:73: mapping.server_event.user_data: is a group of its own here"),
    ("ordered_at", "ordered_at, app_data: x", '9:83: mapping.server_event.app_data: "x", but app_data takes a map of its'),
    ("ordered_at", "ordered_at, app_data: {extinfo: [a2]}", "9:93: mapping.server_event.app_data.extinfo: a list, but ex"),
    ("ordered_at", "ordered_at, app_data: {extinfo: {os: x}}", '9:94: mapping.server_event.app_data.extinfo.os: Meta has'),
    ("ordered_at", "ordered_at, messaging_channel: {value: whatsap}", '9:100: mapping.server_event.messaging_channel.value'),
    ("ordered_at", "ordered_at, event_source_url: {value: shop.de}", '9:99: mapping.server_event.event_source_url.value: '),
    ("ordered_at", "{column: t, format: dd/mm}", '9:81: mapping.server_event.event_time.format: "dd/mm" is no format of'),
    ("{em: email}", "{}", "10:18: mapping.customer_info: has no entry; map at least one parameter"),
    ("{em: email}", "{email: a, em: b}", '10:29: mapping.customer_info.em: is the same parameter as "email"; keep one'),
    ("{em: email}", "{emial: a, fbp: b}", '10:19: mapping.customer_info.emial: Meta has no parameter "emial" here; did you'),
    ("{em: email}", "{em: a, currency: b}", "10:26: mapping.customer_info.currency: Meta has no parameter"),
    ("{em: email}", "{em: 5}", "10:23: mapping.customer_info.em: 5 is no name of a column; for a constant write {value: 5}"),
    ("{em: email}", "{em: }", "10:23: mapping.customer_info.em: says not where the value comes from; name a column"),
    ("{em: email}", "{em: []}", "10:23: mapping.customer_info.em: the list is empty; name a column"),
    ("{em: email}", "{em: [[a]]}", "10:24: mapping.customer_info.em[0]: a list inside a list; name the columns one by one"),
    ("{em: email}", "{fbp: [a, b]}", "10:24: mapping.customer_info.fbp: a list, but fbp takes one value; write one column"),
    ("{em: email}", "{em: {colum: a}}", '10:24: mapping.customer_info.em.colum: unknown key "colum"; did you mean "column'),
    ("{em: email}", "{em: {default: a}}", "10:23: mapping.customer_info.em: says not where the value comes from; give one"),
    ("{em: email}", "{em: {column: a, value: b}}", "10:23: mapping.customer_info.em: has column and value, which are dif"),
    ("{em: email}", "{em: {column: ' '}}", "10:32: mapping.customer_info.em.column: is blank; write a name"),
    ("{em: email}", "{em: {column: a, cookie: b, path: c}}", "10:46: mapping.customer_info.em.path: does not go with cook"),
    ("{em: email}", "{em: {column: a, path: 'a..b'}}", '10:41: mapping.customer_info.em.path: "a..b" is no path; write it'),
    ("{em: email}", "{em: {column: a, template: x}}", '10:45: mapping.customer_info.em.template: "x" does not hold {} once'),
    ("{em: email}", "{em: {column: a, hash: false}}", "10:35: mapping.customer_info.em.hash: em is always hashed: Meta t"),
    ("{em: email}", "{fbp: {column: a, already_hashed: true}}", "10:36: mapping.customer_info.fbp.already_hashed: fbp is n"),
    ("{em: email}", "{em: {column: a, clicked_at: t}}", "10:35: mapping.customer_info.em.clicked_at: has a meaning for a"),
    ("{em: email}", "{fbc: {column: a, cookie: _fbc, clicked_at: t}}", "10:50: mapping.customer_info.fbc.clicked_at: has a mean"),
    ("{em: email}", "{em: {column: a, country_column: c}}", "10:35: mapping.customer_info.em.country_column: has a meani"),
    ("{em: email}", "{em: {column: a, otherwise: drop}}", "10:35: mapping.customer_info.em.otherwise: has a meaning bes"),
    ("{em: email}", "{em: {column: a, map: {a: b}, otherwise: rejct}}", '10:59: mapping.customer_info.em.otherwise: "rejct" '),
    ("{em: email}", "{em: {column: a, map: {null: b}}}", "10:41: mapping.customer_info.em.map.null: null is no key; quote it where the text is meant; for NULL write `default:` beside `map:`"),
    ("{em: email}", "{em: {column: a, only_for: []}}", "10:45: mapping.customer_info.em.only_for: the list is empty; name"),
    ("{em: email}", "{em: {column: a, only_for: Lead}}", '10:45: mapping.customer_info.em.only_for: "Lead" is not a list'),
    ("event_time: ordered_at", "event_time: {column: a, only_for: [Lead]}", "9:73: mapping.server_event.event_time.only_for: event_time is r"),
    ("{em: email}", "{em: {first_of: a}}", '10:34: mapping.customer_info.em.first_of: "a", not a list of entries; write'),
    ("{em: email}", "{em: {first_of: []}}", "10:34: mapping.customer_info.em.first_of: an empty list, not a list of ent"),
    ("{em: email}", "{em: {sql: 'a; b'}}", "10:29: mapping.customer_info.em.sql: holds a semicolon; write one expression"),
    ("{em: email}", "{em: {from: items, id: a}}", "10:24: mapping.customer_info.em.from: has a meaning for contents only"),
    ("{em: email}", "{em: email}\n  custom_dta: {}", '11:3: mapping.custom_dta: unknown key "custom_dta"; did you mean "c'),
    ("ordered_at", "ordered_at, customer_info: {em: email}", '9:73: mapping.server_event.customer_info: Meta has no parameter "customer_info" here; it is a group of its own'),
    ("{em: email}", "{em: email}\ncustom_data: {value: a}", '11:1: custom_data: unknown key "custom_data"; it belongs in mapping'),
    ("{em: email}", "{em: email}\n  user_data: {}", '11:3: mapping.user_data: unknown key "user_data"; did you mean "custo'),
    ("{em: email}", "{em: email}\n  custom_data: {value: {value: ten}}", '11:32: mapping.custom_data.value.value: "ten" is no n'),
    ("{em: email}", "{em: email}\n  custom_data: {value: {column: v, default: ten}}", "11:45: mapping.custom_data.value.defau"),
    ("{em: email}", "{em: email}\n  custom_data: {currency: {value: euro}}", '11:35: mapping.custom_data.currency.value: "eur'),
    ("{em: email}", "{em: email}\n  custom_data: {num_items: {value: -1}}", "11:36: mapping.custom_data.num_items.value: -1 i"),
    ("{em: email}", "{em: email}\n  custom_data: {num_items: {value: 1.5}}", "11:36: mapping.custom_data.num_items.value: 1.5"),
    ("{em: email}", "{em: email}\n  custom_data: {contents: {from: i}}", "11:27: mapping.custom_data.contents.id: is missing"),
    ("{em: email}", "{em: email}\n  custom_data: {contents: {from: i, id: a, qty: b}}", "11:44: mapping.custom_data.contents.q"),
    ("{em: email}", "{em: email}\n  custom_data: {loyalty: a}", '11:17: mapping.custom_data.loyalty: Meta has no parameter "l'),
    ("{em: email}", "{em: email}\n  user_defined: {value: a}", '11:18: mapping.user_defined.value: is Meta\'s parameter "val'),
    ("{em: email}", '{em: email}\n  user_defined: {"*": all}', '11:23: mapping.user_defined.*: "all", but "*" takes the word'),
    ("{em: email}", "{em: email}\n  user_defined: {a: [b, c]}", "11:21: mapping.user_defined.a: a list, but a property of"),
    ("{em: email}", '{em: email}\n  user_defined: {" ": b}', '11:18: mapping.user_defined." ": the name is blank; use 1 to'),
    ("name: orders", "name: orders\nconsent: {category: a}", "2:10: consent.column: is missing; add `column:` column with"),
    ("name: orders", "name: orders\nconsent: {column: a, applies_to: {}}", "2:34: consent.applies_to: an empty map is no con"),
    ("name: orders", "name: orders\nconsent: {column: ' '}", "2:19: consent.column: is blank; name the column"),
    ("name: orders", "name: orders\nconsent: {column: a, category: ' '}", "2:32: consent.category: is blank, as the gap"),
    ("name: orders", "name: orders\nconsent: {column: a, applies_to: {b: {not: []}}}", "2:44: consent.applies_to.b.not: the list is empty"),
    ("name: orders", "name: orders\nconsent: {column: a, applies_to: {b: {not: [null]}}}", "2:45: consent.applies_to.b.not[0]: null is no val"),
    ("name: orders", "name: orders\nconsent: {column: a, applies_to: {b: {gt: [1]}}}", "2:43: consent.applies_to.b.gt: a list is no va"),
    ("name: orders", "name: orders\nconsent: {column: a, category: true}", "2:32: consent.category: true is not a text"),
    ("name: orders", "name: orders\nrequire: {any: [em, email], count: 2}", "2:36: require.count: 2 of 1 keys can never"),
    ("name: orders", "name: orders\nlimited_data_use: {country: ''}", "2:29: limited_data_use.country: is blank; write a"),
    ("name: orders", "name: orders\nrequire: {any: [emial]}", '2:17: require.any[0]: customer_info has no parameter "emial"'),
    ("name: orders", "name: orders\nevents: [{id: a, name: A, when: }]", "2:33: events[0].when: is left blank; give it a value"),
    ("name: orders", "name: orders\nlimited_data_use: {country: 7}", "2:29: limited_data_use.country: 7 is no country of Meta"),
    ("name: orders", "name: orders\nlimited_data_use: {country: '1'}", '2:29: limited_data_use.country: "1" is a text and so a column; write the number without quotes'),
    ("name: orders", "name: orders\nlimited_data_use: {state: 1000}", "2:27: limited_data_use.state: a state needs its countr"),
    ("name: orders", "name: orders\nlimited_data_use: {when: {a: {above: 1}}}", '2:31: limited_data_use.when.a.above: "above'),
    ("name: orders", "name: orders\nlimited_data_use: {when: {a: null}}", "2:30: limited_data_use.when.a: null matches no row"),
    ("name: orders", "name: orders\nrequire: {any: [emm]}", '2:17: require.any[0]: customer_info has no parameter "emm"'),
    ("name: orders", "name: orders\nrequire: {any: [em], count: 2}", "2:29: require.count: 2 of 1 keys can never be there"),
    ("name: orders", "name: orders\nrequire: []", "2:10: require: the list is empty; write {any: [em, ph], count: 1}"),
    ("name: orders", "name: orders\nrequire: [{any: [em]}, {any: [emm]}]", '2:31: require[1].any[0]: customer_info has no parameter "emm"'),
    ("name: orders", "name: orders\nrequire: [em, ph]", "2:11: require[0]: \"em\" is not a map"),
    ("name: orders", "name: orders\npii: {email: blok}", '2:14: pii.email: "blok" is not one of block, warn, allow; did you'),
    ("name: orders", "name: orders\npii: {allow: [order_id, ordr_id]}", '2:25: pii.allow[1]: "ordr_id" is no parameter or property that is looked at; did you mean "order_id"?'),
    ("name: orders", "name: orders\npii: {allow: [em]}", '2:15: pii.allow[0]: "em" is no parameter or property that is looked at; known names: value, '),
    ("name: orders", "name: orders\npii: {allow: [custom_data]}", '2:15: pii.allow[0]: "custom_data" is no parameter or property'),
    ("{em: email}", "{em: email}\n  user_defined: {order_note: note}\npii: {allow: [note]}", '12:15: pii.allow[0]: "note" is no parameter or property that is looked at; did you mean "order_note"?'),
    ("name: orders", "name: orders\nschedule: {}", "2:11: schedule: has neither cron nor every; write"),
    ("name: orders", "name: orders\nschedule: {cron: '* * * * *', every: 1h}", "2:11: schedule: has both cron and every"),
    ("name: orders", "name: orders\nschedule: {cron: '* * * *'}", '2:18: schedule.cron: "* * * *" has 4 fields instead of 5'),
    ("name: orders", "name: orders\nschedule: {every: 0s}", "2:19: schedule.every: 0 would run without end; write"),
    ("name: orders", "name: orders\nreconcile: {every: daily}", '2:20: reconcile.every: "daily" is not a duration; write a n'),
    ("name: orders", "name: orders\nrejects: {retry: always}", '2:18: rejects.retry: "always" is not one of on_change, manua'),
    ("name: orders", "name: orders\ntolerate: {rejected: 0.02}", "2:22: tolerate.rejected: 0.02 is not a share; write it in p"),
    ("name: orders", "name: orders\ndelivery: {events_per_request: 1001}", "2:32: delivery.events_per_request: 1001 is not a"),
    ("name: orders", "name: orders\ndelivery: {mode: exactly_once}", '2:18: delivery.mode: "exactly_once" is not one of at_le'),
    ("name: orders", "name: orders\nalerts: {wen: {}}", '2:10: alerts.wen: unknown key "wen"; did you mean "when"?'),
    ("name: orders", "name: orders\nevents: [{name: a}]", "2:10: events[0].id: is missing; add an id"),
    ("name: orders", "name: orders\nevents: [{id: a}, {id: a}]", '2:24: events[1].id: the id "a" is taken (line 2); ids are u'),
    ("name: orders", "name: orders\nevents: {id: a}", "2:9: events: a map is no list of rules; write"),
    ("name: orders", "name: orders\ntests: [{name: a, rows: []}]", "2:9: tests[0].expect: is missing; add expect"),
    ("name: orders", "name: orders\ntests: [{name: a, rows: [], expect_rejected: [{reason: no}]}]", '2:56: tests[0].expect_r'),
    ("{em: email}", "{}\nevents: [{id: a, mapping: {customer_info: {em: e}}}, {id: b}]", "10:18: mapping.customer_info: has n"),
    ("name: orders", "name: orders\ntests: [{name: a, rows: [], expect_rejected: [{reason: [x]}]}]", "2:56: tests[0].expect_r"),
    ("name: orders", "name: orders\ntests: [{name: a, now: true, rows: [], expect: [{a: b}]}]", "2:24: tests[0].now: true is no time"),
    ("{em: email}", "{ph: {country_column: c}}", "10:23: mapping.customer_info.ph: says not where the value comes from"),
    ("name: orders", "name: orders\nenabled: 1", "2:10: enabled: 1 is not true or false; write true or false"),
    ("name: orders", "name: orders\nenabled: True", "2:10: enabled: True may mean a text or a boolean; write true"),
    ("name: orders", "name: orders\ntags: {a: b}", "2:7: tags: a map is not a tag; write a tag"),
]  # fmt: skip

PROJECT_MISTAKES: list[tuple[str, str, str]] = [
    ("version: 1", "version: '1'", '1:10: version: "1" is no version this syncer reads'),
    ("version: 1", "version: 1\nsorces: {}", '2:1: sorces: unknown key "sorces"; did you mean "sources"?'),
    ("version: 1", "version: 1\nstate: 5", "2:8: state: 5 is no URL of a state store; write sqlite"),
    ("version: 1", "version: 1\ndefaults: {name: x}", '2:12: defaults.name: unknown key "name"'),
    ("version: 1", "version: 1\ndefaults: [x]", "2:11: defaults: a list is not a map; write keys and values"),
    ("version: 1", "version: 1\nstate: foo", "2:8: state: is no URL of a state store; write sqlite"),
    ("version: 1", "version: 1\ndefaults: {settings: 5}", "2:22: defaults.settings: 5 is not a map; write keys and values"),
    ("version: 1", "version: 1\ntargets: {dev: {destination: {}}}", '2:17: targets.dev.destination: unknown key "destinatio'),
    ("version: 1", "version: 1\ntargets: {dev: x}", '2:16: targets.dev: "x" is not a map; write {destinations'),
    ("version: 1", "version: 1\ntargets: {dev: {}, Dev: {}}\ndefault_target: dev", '2:20: targets.Dev: differs from "dev" in'),
    ("version: 1", "version: 1\ntargets: {dev: {}}\ndefault_target: prd", '3:17: default_target: there is no target "prd"'),
    ("version: 1", "version: 1\ndaemon: {port: 99999}", "2:16: daemon.port: 99999 is not a whole number from 0 to 65,535"),
    ("version: 1", "version: 1\ndaemon: {hosts: [a.b, 'a.b:80']}", '2:23: daemon.hosts[1]: "a.b:80" is no name of a host; write'),
    ("version: 1", "version: 1\nretention: {ledger: 7d}", "2:21: retention.ledger: 7d is shorter than Meta takes events"),
    ("version: 1", "version: 1\nretention: {ledger: 999999d}", '2:21: retention.ledger: "999999d" is not a duration; write a number and a unit: 30s, 15m, 1h, 7d, at most 36500d'),
    ("version: 1", "version: 1\nalerts: {to: [{sms: x}]}", '2:16: alerts.to[0].sms: unknown key "sms"; known keys: slack'),
    ("version: 1", "version: 1\nalerts: {to: [{email: ops}]}", '2:23: alerts.to[0].email: "ops" is no e-mail address; writ'),
    ("version: 1", "version: 1\nalerts: {to: {email: a@b.c}}", "2:14: alerts.to: a map is not a list; write"),
    ("version: 1", "version: 1\nalerts: {to: [{slack: 1, email: 2}]}", "2:15: alerts.to[0]: names not exactly one way; write"),
    ("version: 1", "version: 1\nalerts: {when: {rejected_above: 5}}", "2:33: alerts.when.rejected_above: 5 is not a share"),
    ("{type: sqlite, path: shop.db}", "{path: shop.db}", "3:9: sources.shop.type: is missing; add the kind of warehouse"),
    ("{type: sqlite, path: shop.db}", "shop.db", '3:9: sources.shop: "shop.db" is not a map; write {type: duckdb'),
    ("type: sqlite", "type: sqllite", '3:16: sources.shop.type: no connector for "sqllite" is installed; did you mean "sqlit'),
    ("type: sqlite, path: shop.db", "type: sqlite", "3:9: sources.shop.path: is missing; add `path:` the file"),
    ("path: shop.db", "pth: shop.db, path: shop.db", '3:24: sources.shop.pth: unknown key "pth"; did you mean "path"?'),
    ("path: shop.db", "path: 5", "3:30: sources.shop.path: 5 is not a text; write a text, quoted"),
    ("type: sqlite, path: shop.db", "type: snowflake, user: u", "3:9: sources.shop.account: is missing; add `account:`"),
    ('"1234567890"', "0123456789", "5:22: destinations.meta.dataset_id: 0123456789 would lose its leading zero as a numbe"),
    ('"1234567890"', "1.5", "5:22: destinations.meta.dataset_id: "),
    ('"1234567890"', "12ab", '5:22: destinations.meta.dataset_id: "12ab" is no dataset id; copy the digits'),
    ('dataset_id: "1234567890", ', "", "5:9: destinations.meta.dataset_id: is missing; add the id from Events Manager"),
    ('dataset_id: "1234567890"', 'dataset_id: "1234567890", pixel_id: 5', "5:36: destinations.meta.pixel_id: is another name"),
    (', access_token: "${env:META_ACCESS_TOKEN}"', "", "5:9: destinations.meta.access_token: is missing; add `access_token:"),
    ("meta: {", "meta: {api_version: 26.0, ", "5:23: destinations.meta.api_version: 26.0 is not a text"),
    ("meta: {", "meta: {api_version: '26.0', ", '5:23: destinations.meta.api_version: "26.0" is no version of the Graph'),
    ("meta: {", "meta: {base_url: graph.facebook.com, ", '5:20: destinations.meta.base_url: "graph.facebook.com" is no h'),
    ("meta: {", "meta: {base_url: 'https://h/?a=b', ", "5:20: destinations.meta.base_url: the URL holds a query or"),
    ("meta: {", "meta: {base_url: 'https://u@h/', ", "5:20: destinations.meta.base_url: the URL holds a user or pass"),
    ("meta: {", "meta: {base_url: 'https://h:99999/', ", "5:20: destinations.meta.base_url: "),
    ("meta: {", "meta: {base_url: https://graph.facebook.com/v26.0, ", "5:20: destinations.meta.base_url: Meta's host takes neither port nor path here; leave it out"),
    ("meta: {", "meta: {base_url: 'http://example.com', ", "5:20: destinations.meta.base_url: http is for this machine only, other hosts need https"),
    ("meta: {", "meta: {base_url: 'https://example.com', ", "5:20: destinations.meta.base_url: this is not Meta's host; allow_host: true permits it"),
    ("meta: {", "meta: {type: mta, ", '5:16: destinations.meta.type: "mta" is not one of meta, sandbox; did you mean "meta"?'),
    ("meta: {", "meta: {acces_token: x, ", '5:10: destinations.meta.acces_token: unknown key "acces_token"; did you mean'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), PIPELINE_MISTAKES)
def test_a_mistake_in_a_pipeline_is_told_once_with_place_and_remedy(
    folder: Folder, old: str, new: str, message: str
) -> None:
    problems = folder.pipeline_file(old, new).problems()
    expected = f"pipelines/orders.yaml:{message}"
    assert [problem for problem in problems if problem.startswith(expected)], problems
    for problem in folder.validate()[1]:
        assert problem.remedy
        assert problem.path


@pytest.mark.parametrize(("old", "new", "message"), PROJECT_MISTAKES)
def test_a_mistake_in_a_project_is_told_once_with_place_and_remedy(
    folder: Folder, old: str, new: str, message: str
) -> None:
    problems = folder.project_file(old, new).problems()
    assert problems[0].startswith(f"syncer.yaml:{message}"), problems
    assert len(problems) == 1
    assert folder.validate()[1][0].remedy


@pytest.mark.parametrize("text", ["", "# nothing\n", "null", "- a\n", "a\n", "1\n"])
def test_a_file_that_is_no_map_says_how_to_begin(folder: Folder, text: str) -> None:
    (problem,) = folder.add("pipelines/orders.yaml", text).problems()
    assert problem.startswith("pipelines/orders.yaml:1:1: ")
    assert "begin with `name: ...`; `syncer init` writes an example" in problem
    (problem,) = folder.add("syncer.yaml", text).problems()
    assert "begin with `version: 1`; `syncer init` writes an example" in problem


def test_one_wrong_value_does_not_hide_the_next(folder: Folder) -> None:
    folder.pipeline_file(
        "{action_source: email}",
        "{action_source: emial, delay: 5, timezone: Pris, hashing: no, default_country: uk, stict: true, max_age: [1]}",
    )
    assert [problem.split(": ")[1] for problem in folder.problems()] == [
        "settings.action_source", "settings.delay", "settings.timezone", "settings.hashing",
        "settings.default_country", "settings.stict", "settings.max_age",
    ]  # fmt: skip


def test_messages_are_one_printable_line_whatever_the_file_holds(folder: Folder) -> None:
    folder.pipeline_file("name: orders", '"a\\tb\\u202ec": 1\nname: "x\\ny\\u202e' + "z" * 500 + '"')
    for problem in folder.problems():
        assert problem.isprintable()
        assert len(problem) < 400
