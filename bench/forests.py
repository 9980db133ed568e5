"""Predicts each subject by forests that never saw them; reads and writes files in one folder."""

import json
import pathlib
import platform
import sys
import time

import numpy as np
import scipy
import sklearn
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

TREES = 500
FORESTS = {"random forest": RandomForestClassifier, "extra trees": ExtraTreesClassifier}


def leave_one_subject_out(forest, features, labels, subjects, seed):
    predicted = np.empty_like(labels)
    for subject in np.unique(subjects):
        held = subjects == subject
        model = forest(n_estimators=TREES, random_state=seed, n_jobs=-1)
        model.fit(features[~held], labels[~held])
        predicted[held] = model.predict(features[held])
    return predicted.tolist()


def main(folder):
    rows = json.loads((folder / "rows.json").read_text())
    labels, subjects = np.array(rows["labels"]), np.array(rows["subjects"])
    features = np.fromfile(folder / "features.f32", dtype="<f4").reshape(len(labels), -1)
    runs = []
    for name, forest in FORESTS.items():
        for seed in rows["seeds"]:
            started = time.perf_counter()
            predicted = leave_one_subject_out(forest, features, labels, subjects, seed)
            seconds = time.perf_counter() - started
            runs.append({"name": name, "seed": seed, "seconds": seconds, "predicted": predicted})
            print(f"{name}, seed {seed}: {seconds:.1f} s", file=sys.stderr, flush=True)
    versions = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
    }
    (folder / "forests.json").write_text(json.dumps({"versions": versions, "runs": runs}))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
