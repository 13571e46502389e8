BEGIN TRANSACTION;
CREATE TABLE artifacts (
    shot_id TEXT PRIMARY KEY REFERENCES shots(id), path TEXT NOT NULL, sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL
) STRICT;
INSERT INTO "artifacts" VALUES('urgent-0','/home/staging/urgent.mp4','2222222222222222222222222222222222222222222222222222222222222222',4);
INSERT INTO "artifacts" VALUES('staged-0','/home/staging/staged.mp4','2222222222222222222222222222222222222222222222222222222222222222',4);
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY, shot_id TEXT NOT NULL REFERENCES shots(id), stage TEXT NOT NULL,
    number INTEGER NOT NULL, token TEXT NOT NULL UNIQUE, started_at REAL NOT NULL,
    ended_at REAL, outcome TEXT NOT NULL DEFAULT 'running', message TEXT NOT NULL DEFAULT '',
    node TEXT NOT NULL DEFAULT '', peak_memory_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO "attempts" VALUES(1,'passed-0','generate',1,'00000000000000000000000000000001',10.0,11.0,'succeeded','','here',7);
INSERT INTO "attempts" VALUES(2,'passed-0','finish',1,'00000000000000000000000000000002',12.0,13.0,'succeeded','','here',0);
INSERT INTO "attempts" VALUES(3,'passed-0','publish',1,'00000000000000000000000000000003',14.0,15.0,'succeeded','','here',0);
INSERT INTO "attempts" VALUES(4,'flagged-0','generate',1,'00000000000000000000000000000004',11.0,12.0,'succeeded','','here',7);
INSERT INTO "attempts" VALUES(5,'flagged-0','finish',1,'00000000000000000000000000000005',13.0,14.0,'succeeded','','here',0);
INSERT INTO "attempts" VALUES(6,'flagged-0','publish',1,'00000000000000000000000000000006',15.0,16.0,'succeeded','','here',0);
INSERT INTO "attempts" VALUES(7,'failed-0','generate',1,'00000000000000000000000000000007',20.0,21.0,'picture_truncated','broken','here',0);
INSERT INTO "attempts" VALUES(8,'failed-0','publish',1,'00000000000000000000000000000008',22.0,23.0,'succeeded','','here',0);
INSERT INTO "attempts" VALUES(9,'quarantined-0','generate',1,'00000000000000000000000000000009',20.0,21.0,'picture_truncated','broken','here',0);
INSERT INTO "attempts" VALUES(10,'quarantined-0','publish',1,'0000000000000000000000000000000a',22.0,23.0,'succeeded','','here',0);
INSERT INTO "attempts" VALUES(11,'urgent-0','generate',1,'0000000000000000000000000000000b',40.0,41.0,'worker_lost','killed','here',0);
INSERT INTO "attempts" VALUES(12,'urgent-0','generate',2,'0000000000000000000000000000000c',42.0,42.0,'succeeded','','here',0);
INSERT INTO "attempts" VALUES(13,'staged-0','generate',1,'0000000000000000000000000000000d',40.0,42.0,'succeeded','','here',0);
INSERT INTO "attempts" VALUES(14,'finishing-0','generate',1,'0000000000000000000000000000000e',40.0,42.0,'succeeded','','here',0);
INSERT INTO "attempts" VALUES(15,'generated-0','generate',1,'0000000000000000000000000000000f',40.0,42.0,'succeeded','','here',0);
INSERT INTO "attempts" VALUES(16,'generating-0','generate',1,'00000000000000000000000000000010',40.0,NULL,'running','','here',0);
INSERT INTO "attempts" VALUES(17,'waiting_for_its_time-0','generate',1,'00000000000000000000000000000011',40.0,41.0,'worker_lost','killed','here',0);
INSERT INTO "attempts" VALUES(18,'urgent-0','finish',1,'00000000000000000000000000000012',43.0,44.0,'succeeded','','here',0);
INSERT INTO "attempts" VALUES(19,'staged-0','finish',1,'00000000000000000000000000000013',43.0,44.0,'succeeded','','here',0);
INSERT INTO "attempts" VALUES(20,'urgent-0','publish',1,'00000000000000000000000000000014',45.0,NULL,'running','','here',0);
INSERT INTO "attempts" VALUES(21,'finishing-0','finish',1,'00000000000000000000000000000015',46.0,NULL,'running','','here',0);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, shot_id TEXT NOT NULL,
    stage TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL DEFAULT '{}'
) STRICT;
INSERT INTO "events" VALUES(1,1.0,'passed-0','','submitted','{}');
INSERT INTO "events" VALUES(2,1.0,'flagged-0','','submitted','{}');
INSERT INTO "events" VALUES(3,1.0,'failed-0','','submitted','{}');
INSERT INTO "events" VALUES(4,1.0,'quarantined-0','','submitted','{}');
INSERT INTO "events" VALUES(5,1.0,'replaced-0','','submitted','{}');
INSERT INTO "events" VALUES(6,10.0,'passed-0','generate','leased','{"node": "here"}');
INSERT INTO "events" VALUES(7,11.0,'passed-0','generate','finished','{}');
INSERT INTO "events" VALUES(8,11.0,'passed-0','finish','ready','{}');
INSERT INTO "events" VALUES(9,12.0,'passed-0','finish','leased','{"node": "here"}');
INSERT INTO "events" VALUES(10,13.0,'passed-0','finish','finished','{}');
INSERT INTO "events" VALUES(11,13.0,'passed-0','publish','ready','{}');
INSERT INTO "events" VALUES(12,14.0,'passed-0','publish','leased','{"node": "here"}');
INSERT INTO "events" VALUES(13,15.0,'passed-0','publish','finished','{}');
INSERT INTO "events" VALUES(14,15.0,'passed-0','','ended','{"verdict": "pass"}');
INSERT INTO "events" VALUES(15,11.0,'flagged-0','generate','leased','{"node": "here"}');
INSERT INTO "events" VALUES(16,12.0,'flagged-0','generate','finished','{}');
INSERT INTO "events" VALUES(17,12.0,'flagged-0','finish','ready','{}');
INSERT INTO "events" VALUES(18,13.0,'flagged-0','finish','leased','{"node": "here"}');
INSERT INTO "events" VALUES(19,14.0,'flagged-0','finish','finished','{}');
INSERT INTO "events" VALUES(20,14.0,'flagged-0','publish','ready','{}');
INSERT INTO "events" VALUES(21,15.0,'flagged-0','publish','leased','{"node": "here"}');
INSERT INTO "events" VALUES(22,16.0,'flagged-0','publish','finished','{}');
INSERT INTO "events" VALUES(23,16.0,'flagged-0','','ended','{"verdict": "flagged"}');
INSERT INTO "events" VALUES(24,20.0,'failed-0','generate','leased','{"node": "here"}');
INSERT INTO "events" VALUES(25,21.0,'failed-0','generate','given_up','{"code": "picture_truncated", "message": "broken"}');
INSERT INTO "events" VALUES(26,21.0,'failed-0','finish','skipped','{}');
INSERT INTO "events" VALUES(27,21.0,'failed-0','publish','ready','{}');
INSERT INTO "events" VALUES(28,22.0,'failed-0','publish','leased','{"node": "here"}');
INSERT INTO "events" VALUES(29,23.0,'failed-0','publish','finished','{}');
INSERT INTO "events" VALUES(30,23.0,'failed-0','','ended','{"verdict": "failed"}');
INSERT INTO "events" VALUES(31,20.0,'quarantined-0','generate','leased','{"node": "here"}');
INSERT INTO "events" VALUES(32,21.0,'quarantined-0','generate','given_up','{"code": "picture_truncated", "message": "broken"}');
INSERT INTO "events" VALUES(33,21.0,'quarantined-0','finish','skipped','{}');
INSERT INTO "events" VALUES(34,21.0,'quarantined-0','publish','ready','{}');
INSERT INTO "events" VALUES(35,22.0,'quarantined-0','publish','leased','{"node": "here"}');
INSERT INTO "events" VALUES(36,23.0,'quarantined-0','publish','finished','{}');
INSERT INTO "events" VALUES(37,23.0,'quarantined-0','','ended','{"verdict": "quarantined"}');
INSERT INTO "events" VALUES(38,30.0,'urgent-0','','submitted','{}');
INSERT INTO "events" VALUES(39,31.0,'staged-0','','submitted','{}');
INSERT INTO "events" VALUES(40,31.0,'finishing-0','','submitted','{}');
INSERT INTO "events" VALUES(41,31.0,'generated-0','','submitted','{}');
INSERT INTO "events" VALUES(42,31.0,'generating-0','','submitted','{}');
INSERT INTO "events" VALUES(43,31.0,'waiting_for_its_time-0','','submitted','{}');
INSERT INTO "events" VALUES(44,31.0,'queued-0','','submitted','{}');
INSERT INTO "events" VALUES(45,31.0,'replaced-0','generate','cancelled','{}');
INSERT INTO "events" VALUES(46,31.0,'replaced-0','finish','cancelled','{}');
INSERT INTO "events" VALUES(47,31.0,'replaced-0','publish','cancelled','{}');
INSERT INTO "events" VALUES(48,31.0,'replaced-0','','ended','{"verdict": "cancelled"}');
INSERT INTO "events" VALUES(49,31.0,'replaced-1','','submitted','{}');
INSERT INTO "events" VALUES(50,40.0,'urgent-0','generate','leased','{"node": "here"}');
INSERT INTO "events" VALUES(51,41.0,'urgent-0','generate','attempt_failed','{"code": "worker_lost", "message": "killed"}');
INSERT INTO "events" VALUES(52,42.0,'urgent-0','generate','leased','{"node": "here"}');
INSERT INTO "events" VALUES(53,42.0,'urgent-0','generate','finished','{}');
INSERT INTO "events" VALUES(54,42.0,'urgent-0','finish','ready','{}');
INSERT INTO "events" VALUES(55,40.0,'staged-0','generate','leased','{"node": "here"}');
INSERT INTO "events" VALUES(56,42.0,'staged-0','generate','finished','{}');
INSERT INTO "events" VALUES(57,42.0,'staged-0','finish','ready','{}');
INSERT INTO "events" VALUES(58,40.0,'finishing-0','generate','leased','{"node": "here"}');
INSERT INTO "events" VALUES(59,42.0,'finishing-0','generate','finished','{}');
INSERT INTO "events" VALUES(60,42.0,'finishing-0','finish','ready','{}');
INSERT INTO "events" VALUES(61,40.0,'generated-0','generate','leased','{"node": "here"}');
INSERT INTO "events" VALUES(62,42.0,'generated-0','generate','finished','{}');
INSERT INTO "events" VALUES(63,42.0,'generated-0','finish','ready','{}');
INSERT INTO "events" VALUES(64,40.0,'generating-0','generate','leased','{"node": "here"}');
INSERT INTO "events" VALUES(65,40.0,'waiting_for_its_time-0','generate','leased','{"node": "here"}');
INSERT INTO "events" VALUES(66,41.0,'waiting_for_its_time-0','generate','attempt_failed','{"code": "worker_lost", "message": "killed"}');
INSERT INTO "events" VALUES(67,43.0,'urgent-0','finish','leased','{"node": "here"}');
INSERT INTO "events" VALUES(68,44.0,'urgent-0','finish','finished','{}');
INSERT INTO "events" VALUES(69,44.0,'urgent-0','publish','ready','{}');
INSERT INTO "events" VALUES(70,43.0,'staged-0','finish','leased','{"node": "here"}');
INSERT INTO "events" VALUES(71,44.0,'staged-0','finish','finished','{}');
INSERT INTO "events" VALUES(72,44.0,'staged-0','publish','ready','{}');
INSERT INTO "events" VALUES(73,45.0,'urgent-0','publish','leased','{"node": "here"}');
INSERT INTO "events" VALUES(74,46.0,'finishing-0','finish','leased','{"node": "here"}');
CREATE TABLE jobs (
    shot_id TEXT NOT NULL REFERENCES shots(id), stage TEXT NOT NULL, state TEXT NOT NULL,
    rank INTEGER NOT NULL, shot_seq INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0, lease_token TEXT, report TEXT,
    failure_code TEXT, failure_message TEXT, failure_curable INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (shot_id, stage)
) STRICT, WITHOUT ROWID;
INSERT INTO "jobs" VALUES('failed-0','finish','skipped',0,3,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('failed-0','generate','discarded',0,3,1,0.0,NULL,NULL,'picture_truncated','broken',0);
INSERT INTO "jobs" VALUES('failed-0','publish','succeeded',0,3,1,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('finishing-0','finish','leased',0,8,1,0.0,'00000000000000000000000000000015',NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('finishing-0','generate','succeeded',0,8,1,0.0,NULL,'{"made": 1}',NULL,NULL,0);
INSERT INTO "jobs" VALUES('finishing-0','publish','waiting',0,8,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('flagged-0','finish','succeeded',0,2,1,0.0,NULL,'{"done": 1}',NULL,NULL,0);
INSERT INTO "jobs" VALUES('flagged-0','generate','succeeded',0,2,1,0.0,NULL,'{"made": 1}',NULL,NULL,0);
INSERT INTO "jobs" VALUES('flagged-0','publish','succeeded',0,2,1,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('generated-0','finish','queued',0,9,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('generated-0','generate','succeeded',0,9,1,0.0,NULL,'{"made": 1}',NULL,NULL,0);
INSERT INTO "jobs" VALUES('generated-0','publish','waiting',0,9,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('generating-0','finish','waiting',0,10,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('generating-0','generate','leased',0,10,1,0.0,'00000000000000000000000000000010',NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('generating-0','publish','waiting',0,10,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('passed-0','finish','succeeded',0,1,1,0.0,NULL,'{"done": 1}',NULL,NULL,0);
INSERT INTO "jobs" VALUES('passed-0','generate','succeeded',0,1,1,0.0,NULL,'{"made": 1}',NULL,NULL,0);
INSERT INTO "jobs" VALUES('passed-0','publish','succeeded',0,1,1,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('quarantined-0','finish','skipped',0,4,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('quarantined-0','generate','discarded',0,4,1,0.0,NULL,NULL,'picture_truncated','broken',0);
INSERT INTO "jobs" VALUES('quarantined-0','publish','succeeded',0,4,1,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('queued-0','finish','waiting',0,12,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('queued-0','generate','queued',0,12,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('queued-0','publish','waiting',0,12,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('replaced-0','finish','cancelled',0,5,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('replaced-0','generate','cancelled',0,5,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('replaced-0','publish','cancelled',0,5,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('replaced-1','finish','waiting',0,13,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('replaced-1','generate','queued',0,13,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('replaced-1','publish','waiting',0,13,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('staged-0','finish','succeeded',0,7,1,0.0,NULL,'{"done": 1}',NULL,NULL,0);
INSERT INTO "jobs" VALUES('staged-0','generate','succeeded',0,7,1,0.0,NULL,'{"made": 1}',NULL,NULL,0);
INSERT INTO "jobs" VALUES('staged-0','publish','queued',0,7,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('urgent-0','finish','succeeded',-50,6,1,0.0,NULL,'{"done": 1}',NULL,NULL,0);
INSERT INTO "jobs" VALUES('urgent-0','generate','succeeded',-50,6,2,41.0,NULL,'{"made": 1}',NULL,NULL,1);
INSERT INTO "jobs" VALUES('urgent-0','publish','leased',-50,6,1,0.0,'00000000000000000000000000000014',NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('waiting_for_its_time-0','finish','waiting',0,11,0,0.0,NULL,NULL,NULL,NULL,0);
INSERT INTO "jobs" VALUES('waiting_for_its_time-0','generate','queued',0,11,1,49.0,NULL,NULL,'worker_lost','killed',1);
INSERT INTO "jobs" VALUES('waiting_for_its_time-0','publish','waiting',0,11,0,0.0,NULL,NULL,NULL,NULL,0);
CREATE TABLE manifests (
    id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, project_id TEXT NOT NULL, batch_id TEXT NOT NULL,
    path TEXT NOT NULL, submitted_at REAL NOT NULL
) STRICT;
INSERT INTO "manifests" VALUES('m1','1111111111111111111111111111111111111111111111111111111111111111','alps','night-1','/in/night-1.video_manifest.json',1.0);
INSERT INTO "manifests" VALUES('m2','2222222222222222222222222222222222222222222222222222222222222222','alps','night-2','/in/night-2.video_manifest.json',30.0);
CREATE TABLE published (
    target TEXT NOT NULL, sha256 TEXT NOT NULL, shot_id TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (target, sha256)
) STRICT;
INSERT INTO "published" VALUES('/in/passed.mp4','2222222222222222222222222222222222222222222222222222222222222222','passed-0',15.0);
INSERT INTO "published" VALUES('/in/flagged.mp4','2222222222222222222222222222222222222222222222222222222222222222','flagged-0',16.0);
CREATE TABLE shots (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    manifest_id TEXT NOT NULL REFERENCES manifests(id), picture TEXT NOT NULL,
    image_path TEXT NOT NULL, target TEXT NOT NULL, fingerprint TEXT NOT NULL,
    recipe TEXT NOT NULL, priority INTEGER NOT NULL, submitted_at REAL NOT NULL,
    finished_at REAL, verdict TEXT, reasons TEXT NOT NULL DEFAULT '[]',
    curable INTEGER NOT NULL DEFAULT 0,
    UNIQUE (fingerprint, target)
) STRICT;
INSERT INTO "shots" VALUES(1,'passed-0','m1','/in/passed.png','passed.png','/in/passed.mp4','3b72de7c92da68efa27f4d5fc370c7b90d94c52266a649ebd1e96aaa6427ef26','{
  "encode": {
    "bitrate_kbps": null,
    "codec": "h264",
    "container": "mp4",
    "crf": null
  },
  "generation_params": {
    "fps": 12,
    "guidance": null,
    "height": 72,
    "model": "camera",
    "motion_bucket_id": null,
    "noise_aug_strength": null,
    "num_frames": null,
    "seed": 0,
    "steps": null,
    "tstrong_index": null,
    "tweak_index": null,
    "width": 128
  },
  "image_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
  "interpolation": {
    "backend": "flow",
    "target_fps": 24
  },
  "motion": {
    "duration_sec": 0.5,
    "easing": "ease_in_out",
    "end_rect": [
      0.15,
      0.15,
      0.9,
      0.9
    ],
    "keyframes": [],
    "objects": [],
    "preset": null,
    "rotation": null,
    "start_rect": [
      0.0,
      0.0,
      0.9,
      0.9
    ],
    "type": "custom"
  },
  "negative_prompt": "",
  "prompt": "",
  "qc": {
    "profile": "standard",
    "thresholds": {
      "adherence_fail": null,
      "adherence_pass": null,
      "black_ratio": null,
      "flashes_per_second": null,
      "frozen_ratio": null
    }
  }
}
',0,1.0,15.0,'pass','[]',0);
INSERT INTO "shots" VALUES(2,'flagged-0','m1','/in/flagged.png','flagged.png','/in/flagged.mp4','3b72de7c92da68efa27f4d5fc370c7b90d94c52266a649ebd1e96aaa6427ef26','{
  "encode": {
    "bitrate_kbps": null,
    "codec": "h264",
    "container": "mp4",
    "crf": null
  },
  "generation_params": {
    "fps": 12,
    "guidance": null,
    "height": 72,
    "model": "camera",
    "motion_bucket_id": null,
    "noise_aug_strength": null,
    "num_frames": null,
    "seed": 0,
    "steps": null,
    "tstrong_index": null,
    "tweak_index": null,
    "width": 128
  },
  "image_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
  "interpolation": {
    "backend": "flow",
    "target_fps": 24
  },
  "motion": {
    "duration_sec": 0.5,
    "easing": "ease_in_out",
    "end_rect": [
      0.15,
      0.15,
      0.9,
      0.9
    ],
    "keyframes": [],
    "objects": [],
    "preset": null,
    "rotation": null,
    "start_rect": [
      0.0,
      0.0,
      0.9,
      0.9
    ],
    "type": "custom"
  },
  "negative_prompt": "",
  "prompt": "",
  "qc": {
    "profile": "standard",
    "thresholds": {
      "adherence_fail": null,
      "adherence_pass": null,
      "black_ratio": null,
      "flashes_per_second": null,
      "frozen_ratio": null
    }
  }
}
',0,1.0,16.0,'flagged','[{"code": "picture_truncated", "message": "broken"}]',0);
INSERT INTO "shots" VALUES(3,'failed-0','m1','/in/failed.png','failed.png','/in/failed.mp4','3b72de7c92da68efa27f4d5fc370c7b90d94c52266a649ebd1e96aaa6427ef26','{
  "encode": {
    "bitrate_kbps": null,
    "codec": "h264",
    "container": "mp4",
    "crf": null
  },
  "generation_params": {
    "fps": 12,
    "guidance": null,
    "height": 72,
    "model": "camera",
    "motion_bucket_id": null,
    "noise_aug_strength": null,
    "num_frames": null,
    "seed": 0,
    "steps": null,
    "tstrong_index": null,
    "tweak_index": null,
    "width": 128
  },
  "image_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
  "interpolation": {
    "backend": "flow",
    "target_fps": 24
  },
  "motion": {
    "duration_sec": 0.5,
    "easing": "ease_in_out",
    "end_rect": [
      0.15,
      0.15,
      0.9,
      0.9
    ],
    "keyframes": [],
    "objects": [],
    "preset": null,
    "rotation": null,
    "start_rect": [
      0.0,
      0.0,
      0.9,
      0.9
    ],
    "type": "custom"
  },
  "negative_prompt": "",
  "prompt": "",
  "qc": {
    "profile": "standard",
    "thresholds": {
      "adherence_fail": null,
      "adherence_pass": null,
      "black_ratio": null,
      "flashes_per_second": null,
      "frozen_ratio": null
    }
  }
}
',0,1.0,23.0,'failed','[{"code": "picture_truncated", "message": "broken"}]',1);
INSERT INTO "shots" VALUES(4,'quarantined-0','m1','/in/quarantined.png','quarantined.png','/in/quarantined.mp4','3b72de7c92da68efa27f4d5fc370c7b90d94c52266a649ebd1e96aaa6427ef26','{
  "encode": {
    "bitrate_kbps": null,
    "codec": "h264",
    "container": "mp4",
    "crf": null
  },
  "generation_params": {
    "fps": 12,
    "guidance": null,
    "height": 72,
    "model": "camera",
    "motion_bucket_id": null,
    "noise_aug_strength": null,
    "num_frames": null,
    "seed": 0,
    "steps": null,
    "tstrong_index": null,
    "tweak_index": null,
    "width": 128
  },
  "image_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
  "interpolation": {
    "backend": "flow",
    "target_fps": 24
  },
  "motion": {
    "duration_sec": 0.5,
    "easing": "ease_in_out",
    "end_rect": [
      0.15,
      0.15,
      0.9,
      0.9
    ],
    "keyframes": [],
    "objects": [],
    "preset": null,
    "rotation": null,
    "start_rect": [
      0.0,
      0.0,
      0.9,
      0.9
    ],
    "type": "custom"
  },
  "negative_prompt": "",
  "prompt": "",
  "qc": {
    "profile": "standard",
    "thresholds": {
      "adherence_fail": null,
      "adherence_pass": null,
      "black_ratio": null,
      "flashes_per_second": null,
      "frozen_ratio": null
    }
  }
}
',0,1.0,23.0,'quarantined','[{"code": "picture_truncated", "message": "broken"}]',1);
INSERT INTO "shots" VALUES(5,'replaced-0','m1','/in/replaced.png','replaced.png','/in/replaced.mp4','3b72de7c92da68efa27f4d5fc370c7b90d94c52266a649ebd1e96aaa6427ef26','{
  "encode": {
    "bitrate_kbps": null,
    "codec": "h264",
    "container": "mp4",
    "crf": null
  },
  "generation_params": {
    "fps": 12,
    "guidance": null,
    "height": 72,
    "model": "camera",
    "motion_bucket_id": null,
    "noise_aug_strength": null,
    "num_frames": null,
    "seed": 0,
    "steps": null,
    "tstrong_index": null,
    "tweak_index": null,
    "width": 128
  },
  "image_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
  "interpolation": {
    "backend": "flow",
    "target_fps": 24
  },
  "motion": {
    "duration_sec": 0.5,
    "easing": "ease_in_out",
    "end_rect": [
      0.15,
      0.15,
      0.9,
      0.9
    ],
    "keyframes": [],
    "objects": [],
    "preset": null,
    "rotation": null,
    "start_rect": [
      0.0,
      0.0,
      0.9,
      0.9
    ],
    "type": "custom"
  },
  "negative_prompt": "",
  "prompt": "",
  "qc": {
    "profile": "standard",
    "thresholds": {
      "adherence_fail": null,
      "adherence_pass": null,
      "black_ratio": null,
      "flashes_per_second": null,
      "frozen_ratio": null
    }
  }
}
',0,1.0,31.0,'cancelled','[{"code": "replaced", "message": "A newer submission asks for another clip in the same place; that one counts."}]',1);
INSERT INTO "shots" VALUES(6,'urgent-0','m2','/in/urgent.png','urgent.png','/in/urgent.mp4','3b72de7c92da68efa27f4d5fc370c7b90d94c52266a649ebd1e96aaa6427ef26','{
  "encode": {
    "bitrate_kbps": null,
    "codec": "h264",
    "container": "mp4",
    "crf": null
  },
  "generation_params": {
    "fps": 12,
    "guidance": null,
    "height": 72,
    "model": "camera",
    "motion_bucket_id": null,
    "noise_aug_strength": null,
    "num_frames": null,
    "seed": 0,
    "steps": null,
    "tstrong_index": null,
    "tweak_index": null,
    "width": 128
  },
  "image_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
  "interpolation": {
    "backend": "flow",
    "target_fps": 24
  },
  "motion": {
    "duration_sec": 0.5,
    "easing": "ease_in_out",
    "end_rect": [
      0.15,
      0.15,
      0.9,
      0.9
    ],
    "keyframes": [],
    "objects": [],
    "preset": null,
    "rotation": null,
    "start_rect": [
      0.0,
      0.0,
      0.9,
      0.9
    ],
    "type": "custom"
  },
  "negative_prompt": "",
  "prompt": "",
  "qc": {
    "profile": "standard",
    "thresholds": {
      "adherence_fail": null,
      "adherence_pass": null,
      "black_ratio": null,
      "flashes_per_second": null,
      "frozen_ratio": null
    }
  }
}
',50,30.0,NULL,NULL,'[]',0);
INSERT INTO "shots" VALUES(7,'staged-0','m2','/in/staged.png','staged.png','/in/staged.mp4','3b72de7c92da68efa27f4d5fc370c7b90d94c52266a649ebd1e96aaa6427ef26','{
  "encode": {
    "bitrate_kbps": null,
    "codec": "h264",
    "container": "mp4",
    "crf": null
  },
  "generation_params": {
    "fps": 12,
    "guidance": null,
    "height": 72,
    "model": "camera",
    "motion_bucket_id": null,
    "noise_aug_strength": null,
    "num_frames": null,
    "seed": 0,
    "steps": null,
    "tstrong_index": null,
    "tweak_index": null,
    "width": 128
  },
  "image_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
  "interpolation": {
    "backend": "flow",
    "target_fps": 24
  },
  "motion": {
    "duration_sec": 0.5,
    "easing": "ease_in_out",
    "end_rect": [
      0.15,
      0.15,
      0.9,
      0.9
    ],
    "keyframes": [],
    "objects": [],
    "preset": null,
    "rotation": null,
    "start_rect": [
      0.0,
      0.0,
      0.9,
      0.9
    ],
    "type": "custom"
  },
  "negative_prompt": "",
  "prompt": "",
  "qc": {
    "profile": "standard",
    "thresholds": {
      "adherence_fail": null,
      "adherence_pass": null,
      "black_ratio": null,
      "flashes_per_second": null,
      "frozen_ratio": null
    }
  }
}
',0,31.0,NULL,NULL,'[]',0);
INSERT INTO "shots" VALUES(8,'finishing-0','m2','/in/finishing.png','finishing.png','/in/finishing.mp4','3b72de7c92da68efa27f4d5fc370c7b90d94c52266a649ebd1e96aaa6427ef26','{
  "encode": {
    "bitrate_kbps": null,
    "codec": "h264",
    "container": "mp4",
    "crf": null
  },
  "generation_params": {
    "fps": 12,
    "guidance": null,
    "height": 72,
    "model": "camera",
    "motion_bucket_id": null,
    "noise_aug_strength": null,
    "num_frames": null,
    "seed": 0,
    "steps": null,
    "tstrong_index": null,
    "tweak_index": null,
    "width": 128
  },
  "image_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
  "interpolation": {
    "backend": "flow",
    "target_fps": 24
  },
  "motion": {
    "duration_sec": 0.5,
    "easing": "ease_in_out",
    "end_rect": [
      0.15,
      0.15,
      0.9,
      0.9
    ],
    "keyframes": [],
    "objects": [],
    "preset": null,
    "rotation": null,
    "start_rect": [
      0.0,
      0.0,
      0.9,
      0.9
    ],
    "type": "custom"
  },
  "negative_prompt": "",
  "prompt": "",
  "qc": {
    "profile": "standard",
    "thresholds": {
      "adherence_fail": null,
      "adherence_pass": null,
      "black_ratio": null,
      "flashes_per_second": null,
      "frozen_ratio": null
    }
  }
}
',0,31.0,NULL,NULL,'[]',0);
INSERT INTO "shots" VALUES(9,'generated-0','m2','/in/generated.png','generated.png','/in/generated.mp4','3b72de7c92da68efa27f4d5fc370c7b90d94c52266a649ebd1e96aaa6427ef26','{
  "encode": {
    "bitrate_kbps": null,
    "codec": "h264",
    "container": "mp4",
    "crf": null
  },
  "generation_params": {
    "fps": 12,
    "guidance": null,
    "height": 72,
    "model": "camera",
    "motion_bucket_id": null,
    "noise_aug_strength": null,
    "num_frames": null,
    "seed": 0,
    "steps": null,
    "tstrong_index": null,
    "tweak_index": null,
    "width": 128
  },
  "image_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
  "interpolation": {
    "backend": "flow",
    "target_fps": 24
  },
  "motion": {
    "duration_sec": 0.5,
    "easing": "ease_in_out",
    "end_rect": [
      0.15,
      0.15,
      0.9,
      0.9
    ],
    "keyframes": [],
    "objects": [],
    "preset": null,
    "rotation": null,
    "start_rect": [
      0.0,
      0.0,
      0.9,
      0.9
    ],
    "type": "custom"
  },
  "negative_prompt": "",
  "prompt": "",
  "qc": {
    "profile": "standard",
    "thresholds": {
      "adherence_fail": null,
      "adherence_pass": null,
      "black_ratio": null,
      "flashes_per_second": null,
      "frozen_ratio": null
    }
  }
}
',0,31.0,NULL,NULL,'[]',0);
INSERT INTO "shots" VALUES(10,'generating-0','m2','/in/generating.png','generating.png','/in/generating.mp4','3b72de7c92da68efa27f4d5fc370c7b90d94c52266a649ebd1e96aaa6427ef26','{
  "encode": {
    "bitrate_kbps": null,
    "codec": "h264",
    "container": "mp4",
    "crf": null
  },
  "generation_params": {
    "fps": 12,
    "guidance": null,
    "height": 72,
    "model": "camera",
    "motion_bucket_id": null,
    "noise_aug_strength": null,
    "num_frames": null,
    "seed": 0,
    "steps": null,
    "tstrong_index": null,
    "tweak_index": null,
    "width": 128
  },
  "image_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
  "interpolation": {
    "backend": "flow",
    "target_fps": 24
  },
  "motion": {
    "duration_sec": 0.5,
    "easing": "ease_in_out",
    "end_rect": [
      0.15,
      0.15,
      0.9,
      0.9
    ],
    "keyframes": [],
    "objects": [],
    "preset": null,
    "rotation": null,
    "start_rect": [
      0.0,
      0.0,
      0.9,
      0.9
    ],
    "type": "custom"
  },
  "negative_prompt": "",
  "prompt": "",
  "qc": {
    "profile": "standard",
    "thresholds": {
      "adherence_fail": null,
      "adherence_pass": null,
      "black_ratio": null,
      "flashes_per_second": null,
      "frozen_ratio": null
    }
  }
}
',0,31.0,NULL,NULL,'[]',0);
INSERT INTO "shots" VALUES(11,'waiting_for_its_time-0','m2','/in/waiting_for_its_time.png','waiting_for_its_time.png','/in/waiting_for_its_time.mp4','3b72de7c92da68efa27f4d5fc370c7b90d94c52266a649ebd1e96aaa6427ef26','{
  "encode": {
    "bitrate_kbps": null,
    "codec": "h264",
    "container": "mp4",
    "crf": null
  },
  "generation_params": {
    "fps": 12,
    "guidance": null,
    "height": 72,
    "model": "camera",
    "motion_bucket_id": null,
    "noise_aug_strength": null,
    "num_frames": null,
    "seed": 0,
    "steps": null,
    "tstrong_index": null,
    "tweak_index": null,
    "width": 128
  },
  "image_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
  "interpolation": {
    "backend": "flow",
    "target_fps": 24
  },
  "motion": {
    "duration_sec": 0.5,
    "easing": "ease_in_out",
    "end_rect": [
      0.15,
      0.15,
      0.9,
      0.9
    ],
    "keyframes": [],
    "objects": [],
    "preset": null,
    "rotation": null,
    "start_rect": [
      0.0,
      0.0,
      0.9,
      0.9
    ],
    "type": "custom"
  },
  "negative_prompt": "",
  "prompt": "",
  "qc": {
    "profile": "standard",
    "thresholds": {
      "adherence_fail": null,
      "adherence_pass": null,
      "black_ratio": null,
      "flashes_per_second": null,
      "frozen_ratio": null
    }
  }
}
',0,31.0,NULL,NULL,'[]',0);
INSERT INTO "shots" VALUES(12,'queued-0','m2','/in/queued.png','queued.png','/in/queued.mp4','3b72de7c92da68efa27f4d5fc370c7b90d94c52266a649ebd1e96aaa6427ef26','{
  "encode": {
    "bitrate_kbps": null,
    "codec": "h264",
    "container": "mp4",
    "crf": null
  },
  "generation_params": {
    "fps": 12,
    "guidance": null,
    "height": 72,
    "model": "camera",
    "motion_bucket_id": null,
    "noise_aug_strength": null,
    "num_frames": null,
    "seed": 0,
    "steps": null,
    "tstrong_index": null,
    "tweak_index": null,
    "width": 128
  },
  "image_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
  "interpolation": {
    "backend": "flow",
    "target_fps": 24
  },
  "motion": {
    "duration_sec": 0.5,
    "easing": "ease_in_out",
    "end_rect": [
      0.15,
      0.15,
      0.9,
      0.9
    ],
    "keyframes": [],
    "objects": [],
    "preset": null,
    "rotation": null,
    "start_rect": [
      0.0,
      0.0,
      0.9,
      0.9
    ],
    "type": "custom"
  },
  "negative_prompt": "",
  "prompt": "",
  "qc": {
    "profile": "standard",
    "thresholds": {
      "adherence_fail": null,
      "adherence_pass": null,
      "black_ratio": null,
      "flashes_per_second": null,
      "frozen_ratio": null
    }
  }
}
',0,31.0,NULL,NULL,'[]',0);
INSERT INTO "shots" VALUES(13,'replaced-1','m2','/in/replaced.png','replaced.png','/in/replaced.mp4','aced2fa7983c6c8dc924c5d8834d15c42232f5d980488afe0bccbe586e0a5f46','{
  "encode": {
    "bitrate_kbps": null,
    "codec": "h264",
    "container": "mp4",
    "crf": null
  },
  "generation_params": {
    "fps": 12,
    "guidance": null,
    "height": 72,
    "model": "camera",
    "motion_bucket_id": null,
    "noise_aug_strength": null,
    "num_frames": null,
    "seed": 1,
    "steps": null,
    "tstrong_index": null,
    "tweak_index": null,
    "width": 128
  },
  "image_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
  "interpolation": {
    "backend": "flow",
    "target_fps": 24
  },
  "motion": {
    "duration_sec": 0.5,
    "easing": "ease_in_out",
    "end_rect": [
      0.15,
      0.15,
      0.9,
      0.9
    ],
    "keyframes": [],
    "objects": [],
    "preset": null,
    "rotation": null,
    "start_rect": [
      0.0,
      0.0,
      0.9,
      0.9
    ],
    "type": "custom"
  },
  "negative_prompt": "",
  "prompt": "",
  "qc": {
    "profile": "standard",
    "thresholds": {
      "adherence_fail": null,
      "adherence_pass": null,
      "black_ratio": null,
      "flashes_per_second": null,
      "frozen_ratio": null
    }
  }
}
',0,31.0,NULL,NULL,'[]',0);
CREATE INDEX shots_by_target ON shots (target);
CREATE INDEX shots_unfinished ON shots (seq) WHERE verdict IS NULL;
CREATE INDEX jobs_in_order ON jobs (stage, state, rank, shot_seq);
CREATE INDEX jobs_by_time ON jobs (state, not_before);
CREATE INDEX attempts_of_shot ON attempts (shot_id, stage);
CREATE INDEX events_of_shot ON events (shot_id, seq);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('shots',13);
INSERT INTO "sqlite_sequence" VALUES('events',74);
COMMIT;
PRAGMA user_version = 1;
