// What the dispatcher knows of the district: cameras, grids, gridworkers and the catalogue, as one value that a reload replaces.
// incidents → **registry: whose place, whose case?** → cases

package import Domain
package import Grids
import Storage
import Synchronization

/// One consistent state of the district.
package struct Registry: Sendable {
    /// The six digits that case numbers begin with.
    package let districtCode: String
    package internal(set) var cameras: [CameraID: Camera]
    package internal(set) var grids: GridSet
    /// Names the grid set in force in every resolution.
    package internal(set) var gridSetVersion: String
    /// The map of `grids` as pages load it; empty where none was given.
    package internal(set) var geoJSON: [UInt8] = []
    /// What people decided about cameras.
    package internal(set) var bindings: [CameraID: CameraBindings] = [:]
    /// Cameras whose grid must be looked at again, and why.
    var reviews: [CameraID: String] = [:]
    /// What of the store this registry answers by.
    var mapRevision = MapRevision()
    package let workers: [WorkerID: Gridworker]
    package let catalogue: Catalogue
    /// The days that clocks of working time count.
    package let calendar: WorkingCalendar
    private let workersOfGrid: [GridCode: [Gridworker]]
    /// What was found out about cameras under this map and these bindings.
    var answers = CameraAnswers()

    package init(
        districtCode: String, cameras: [Camera], grids: GridSet, gridSetVersion: String, workers: [Gridworker], catalogue: Catalogue,
        calendar: WorkingCalendar = WorkingCalendar()
    ) {
        self.districtCode = districtCode
        self.cameras = Dictionary(cameras.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.grids = grids
        self.gridSetVersion = gridSetVersion
        self.workers = Dictionary(workers.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.catalogue = catalogue
        self.calendar = calendar
        workersOfGrid = Dictionary(grouping: workers.sorted { $0.id < $1.id }, by: \.grid)
    }

    /// Takes a district as it was read; its grid set is named by the first 12 digits of the SHA-256 of its map.
    package init(_ district: District, catalogue: Catalogue, calendar: WorkingCalendar = WorkingCalendar()) {
        self.init(
            districtCode: district.grids.all.first.map { String($0.code.digits.prefix(6)) } ?? "511011", cameras: district.cameras,
            grids: district.grids, gridSetVersion: String(SHA256Hex.of(district.geoJSON).prefix(12)), workers: district.workers,
            catalogue: catalogue, calendar: calendar)
        geoJSON = district.geoJSON
    }

    /// Which grid answers for a camera, or for a zone or preset of it, and how that was found.
    package func answer(for camera: Camera, preset: String = "", zone: String = "") -> CameraGrid {
        let own = bindings[camera.id] ?? CameraBindings()
        let isWhole = own.zones[zone] == nil && own.presets[preset] == nil
        guard isWhole, let known = cameras[camera.id], known.position == camera.position, known.view == camera.view else {
            return grids.grid(for: camera, bindings: own, preset: preset, zone: zone)
        }
        return answers.answer(for: camera.id) { grids.grid(for: camera, bindings: own) }
    }

    /// Why a person must look at a camera's grid again; nil when nobody must.
    package func review(of camera: Camera) -> String? {
        if let reason = reviews[camera.id] { return reason }
        return grids.vanishedBinding(of: camera, bindings[camera.id] ?? CameraBindings()).map {
            "bound to grid \($0), which is no more"
        }
    }

    /// The grids that have an active full-time gridworker.
    package var staffed: Set<GridCode> { Set(workers.values.filter { $0.role == .fullTime }.map(\.grid)) }

    /// The gate of every path on which a case is given to somebody: nil when `assignee` may have it at `now`, else why not (R5, R6).
    ///
    /// Gridworkers get what the catalogue gives them that day; departments get anything; nobody else gets a case.
    package func objection(to assignee: WorkerID, category: String, now: WallTime) -> String? {
        if workers[assignee] != nil {
            guard let entry = catalogue[category] else { return "not in the catalogue: stays with the command centre" }
            return entry.objection(on: LocalMinute(now).day)
        }
        return catalogue.departments[assignee] == nil ? "\(assignee) is neither a gridworker nor a department" : nil
    }

    /// What the category says about its cases; a case of priority 1 is an emergency whatever its category.
    package func traits(category: String, priority: Int) -> CaseTraits {
        let duty = catalogue[category]?.duty
        return CaseTraits(isHazard: duty == .hazard, isEmergency: duty == .emergency || priority == 1)
    }

    /// The name of someone who may have a case.
    package func name(of assignee: WorkerID) -> String? { workers[assignee]?.name ?? catalogue.departments[assignee] }

    /// Who gets the cases of a grid: its full-time worker, a substitute when there is none, or nobody.
    package func worker(of grid: GridCode) -> Gridworker? {
        let candidates = workersOfGrid[grid] ?? []
        return candidates.first { $0.role == .fullTime } ?? candidates.first
    }
}

/// Remembers which grid answers for each camera: laying fields of view over grids costs too much to do it for each list of 4,100 cameras.
final class CameraAnswers: Sendable {
    private let found = Mutex<[CameraID: CameraGrid]>([:])

    func answer(for camera: CameraID, _ make: () -> CameraGrid) -> CameraGrid {
        if let known = found.withLock({ $0[camera] }) { return known }
        let answer = make()
        found.withLock { $0[camera] = answer }
        return answer
    }
}

/// Holds the registry in force; a reload swaps the whole value. Safe on any thread.
package final class RegistryBox: Sendable {
    private let box: Mutex<Registry>

    package init(_ registry: Registry) { box = Mutex(registry) }

    /// The registry in force. Take it once per transaction and use that one throughout.
    package var current: Registry { box.withLock { $0 } }

    /// Puts another registry in force; transactions under way finish with the old one.
    package func replace(with registry: Registry) { box.withLock { $0 = registry } }

    /// Makes another registry of the one in force; `change` must be quick.
    @discardableResult
    func update(_ change: (Registry) -> Registry) -> Registry {
        box.withLock {
            $0 = change($0)
            return $0
        }
    }
}
